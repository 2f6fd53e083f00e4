import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { circles, readSources, type Source } from './support/sources.ts';

/** From the ground up: a part imports from itself and from parts that stand before it. */
const FLOORS = [
  'base',
  'core',
  'db',
  'bus',
  'cluster',
  'config',
  'rooms',
  'accounts',
  'keys',
  'media',
  'federation',
  'sync',
  'push',
  'appservice',
  'administration',
  'http',
  'front',
  'cli',
  'main',
];

/** Words that have one home each, with the reason. `homes` are beginnings of paths, or whole ends. */
const HOMES: readonly { readonly word: RegExp; readonly homes: readonly string[]; readonly why: string }[] = [
  {
    word: /\bDate\.now\b|\bnew Date\(\)|\bset(Timeout|Interval)\(|\bperformance\.now\b/,
    homes: ['src/base/clock.ts'],
    why: 'time is a parameter (base/clock.ts)',
  },
  {
    word: /\bMath\.random\b|\brandomBytes\b|\brandomUUID\b|\brandomInt\b|\bgetRandomValues\b/,
    homes: ['src/base/random.ts'],
    why: 'randomness is a parameter (base/random.ts)',
  },
  { word: /\bprocess\.env\b/, homes: ['src/config/'], why: 'the environment is read in config/ only' },
  {
    word: /^import (?!type )[^;]* from '(typebox|node:http)'/m,
    homes: [],
    why: 'what costs megabytes at the start has a cheap door (base/schema.ts, base/node-http.ts)',
  },
  { word: /\bsql`/, homes: ['src/db/', '.table.ts'], why: 'SQL stands in *.table.ts and db/' },
];

/** What neither compiler nor linter refuses (they refuse enums, namespaces, parameter properties and `any`). */
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/^\s*export\s+\*\s/m, 'a barrel'],
  [/^\s*export default\s/m, 'a default export'],
  [/@ts-(ignore|expect-error|nocheck)/, 'a switched-off type check'],
];

const all = readSources('src/**/*.ts');
const production = all.filter(source => !source.isTest);
const tests = readSources('test/**/*.ts');

/** Fails with all offenders at once. */
function none(offenders: readonly string[], rule: string): void {
  assert.equal(offenders.length, 0, `${rule}:\n  ${offenders.join('\n  ')}`);
}

function partOf(file: string): string {
  return file.split('/')[1] ?? '';
}

function isAtHome(file: string, homes: readonly string[]): boolean {
  return homes.some(home => (home.startsWith('.') ? file.endsWith(home) : file.startsWith(home)));
}

function offences(sources: readonly Source[], word: RegExp): string[] {
  return sources.filter(source => word.test(source.code)).map(source => source.file);
}

test('imports run downhill, types too', () => {
  none(
    [...new Set(all.map(source => source.part))].filter(part => !FLOORS.includes(part)),
    'a part needs its floor in FLOORS',
  );
  const uphill = production.flatMap(({ file, part, imports }) =>
    imports
      .filter(target => FLOORS.indexOf(partOf(target)) > FLOORS.indexOf(part))
      .map(target => `${file} imports ${target}`),
  );
  none(uphill, 'what the lower part needs goes into its ports.ts, and main/ hands it over');
  const outside = production.flatMap(({ file, imports }) =>
    imports.filter(target => !target.startsWith('src/')).map(target => `${file} imports ${target}`),
  );
  none(outside, 'nothing in src imports from outside of it');
});

test('no file imports itself in a circle', () => {
  none(circles(production), 'a circle cannot be tested or read in parts');
});

test('core imports nothing', () => {
  const core = production.filter(source => source.part === 'core');
  none(
    core.flatMap(({ file, imports, packages }) =>
      [...packages, ...imports.filter(target => partOf(target) !== 'core')].map(target => `${file} imports ${target}`),
    ),
    'the core is pure: hashing and time come in as arguments',
  );
});

test('time, randomness, environment and SQL have one home each', () => {
  for (const { word, homes, why } of HOMES) {
    none(
      offences(production, word).filter(file => !isAtHome(file, homes)),
      why,
    );
  }
});

test('endpoints do not reach into the database', () => {
  const reaching = production
    .filter(source => source.part === 'http')
    .filter(({ imports }) => imports.some(target => /^src\/db\/(?!database\.ts)|\.table\.ts$/.test(target)));
  none(
    reaching.map(source => source.file),
    'an endpoint calls its part, which owns the tables',
  );
});

test('files stay small and few of them know everything', () => {
  none(
    [...all, ...tests].filter(source => source.lines > 400).map(({ file, lines }) => `${file}: ${lines} lines`),
    'at most 400 lines',
  );
  const importers = new Map<string, number>();
  for (const { imports } of production)
    for (const target of imports) importers.set(target, (importers.get(target) ?? 0) + 1);
  const hubs = production.filter(({ file, imports }) => (importers.get(file) ?? 0) > 25 && imports.length > 10);
  none(
    hubs.map(source => source.file),
    'a file that everybody imports may not itself import everything',
  );
});

test('modules export by name, one by one', () => {
  for (const [word, what] of FORBIDDEN) none(offences(production, word), `${what} stands in`);
});

test('names say the thing', () => {
  const vague = /(^|[/-])(utils?|helpers?|common|misc|manager|service|index)(-[a-z]+)?\.ts$/;
  none(
    [...all, ...tests].map(source => source.file).filter(file => vague.test(file)),
    'a name must say what is inside',
  );
  none(
    all.map(source => source.file).filter(file => !/^[a-z0-9./-]+$/.test(file)),
    'kebab-case',
  );
});

test('what is committed names no machine that it was written on', () => {
  const root = join(import.meta.dirname, '..');
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' });
  // Written in pieces, so that this file does not name them itself.
  const private_ = new RegExp(['/wor', 'k/|/home/[a-z]+/|registry\\.npm', 'js\\.org|npm_confi', 'g_registry'].join(''));
  const texts = listed
    .trim()
    .split('\n')
    .filter(file => /\.(ts|json|md|yaml|sh|sql|tsv|txt|py)$|^(copse|\.npmrc|\.ci\/run)$/.test(file));
  none(
    texts.filter(file => private_.test(readFileSync(join(root, file), 'utf8'))),
    'a path or registry of one machine',
  );
});
