/**
 * Counts how many rows of negative-tests.tsv have a test that ran and passed: `./copse test negative [AREA...]`. A test
 * counts for the IDs its title begins with (`N001 a create event ...`); a row with any failed test does not count.
 * The last line is `N of 214 covered and passed`.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';

interface Row {
  readonly id: string;
  readonly area: string;
  readonly attack: string;
}

/** A file that hangs fails; the others still count. */
const FILE_TIMEOUT_MS = 120_000;

const root = join(import.meta.dirname, '..', '..');

function readRows(): Row[] {
  const [, ...lines] = readFileSync(join(import.meta.dirname, 'negative-tests.tsv'), 'utf8')
    .trim()
    .split('\n');
  return lines.map(line => {
    const [id = '', area = '', attack = ''] = line.split('\t');
    return { id, area, attack };
  });
}

/** Test files that name one of the rows at all; the others need not run. */
function testFiles(wanted: RegExp): string[] {
  const files = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root }).map(file => join(root, file));
  return files.filter(file => wanted.test(readFileSync(file, 'utf8')));
}

/** The IDs at the start of a title: `N038 ...` or `N038, N039 ...`. */
function idsOf(title: string): string[] {
  return /^N\d{3}(?:[, ]+N\d{3})*\b/.exec(title)?.[0].match(/N\d{3}/g) ?? [];
}

async function outcomes(ids: readonly string[]): Promise<{ passed: Set<string>; failed: Set<string> }> {
  const passed = new Set<string>();
  const failed = new Set<string>();
  const any = `(?:${ids.join('|')})\\b`;
  const files = testFiles(new RegExp(`\\b${any}`));
  // What else is in the files says nothing of a row. A title may name several.
  const options = {
    files,
    testNamePatterns: [new RegExp(`^(?:N\\d{3}[, ]+)*${any}`)],
    concurrency: 2,
    timeout: FILE_TIMEOUT_MS,
  };
  const stream = run(options);
  stream.on('test:pass', test => {
    if (test.skip !== undefined || test.todo !== undefined) return;
    for (const id of idsOf(test.name)) passed.add(id);
  });
  stream.on('test:fail', test => {
    console.log(`failed: ${test.name}`);
    for (const id of idsOf(test.name)) failed.add(id);
  });
  for await (const _ of stream);
  return { passed, failed };
}

function printAreas(rows: readonly Row[], covered: ReadonlySet<string>): void {
  for (const area of new Set(rows.map(row => row.area))) {
    const own = rows.filter(row => row.area === area);
    const open = own.filter(row => !covered.has(row.id)).map(row => row.id);
    const rest = open.length === 0 ? '' : `; open: ${open.join(' ')}`;
    console.log(`${area}: ${own.length - open.length} of ${own.length}${rest}`);
  }
}

const areas = process.argv.slice(2);
const all = readRows();
const rows = all.filter(row => areas.length === 0 || areas.includes(row.area));
const { passed, failed } = await outcomes(rows.map(row => row.id));
const covered = new Set(rows.map(row => row.id).filter(id => passed.has(id) && !failed.has(id)));
printAreas(rows, covered);
const known = new Set(all.map(row => row.id));
for (const id of [...passed, ...failed]) if (!known.has(id)) console.log(`no such row: ${id}`);
console.log(`${covered.size} of ${rows.length} covered and passed`);
process.exitCode = failed.size > 0 ? 1 : 0;
