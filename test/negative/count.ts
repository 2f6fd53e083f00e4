/**
 * Counts how many rows of negative-tests.tsv have a test that ran and passed: `./copse test negative [AREA...]`. A test
 * counts for the IDs its title begins with (`N001 a create event ...`); a row with any failed test does not count.
 * The last line is `N of 214 covered and passed`.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTests } from './run-tests.ts';

interface Row {
  readonly id: string;
  readonly area: string;
  readonly attack: string;
}

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

/** By test file, which of these rows it names; the other files need not run. */
function testFiles(wanted: RegExp): Map<string, string[]> {
  const files = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root }).sort();
  const named = files.map(file => [file, readFileSync(join(root, file), 'utf8').match(wanted) ?? []] as const);
  return new Map(named.filter(([, ids]) => ids.length > 0).map(([file, ids]) => [file, [...ids]]));
}

/** The IDs at the start of a title: `N038 ...` or `N038, N039 ...`. */
function idsOf(title: string): string[] {
  return /^N\d{3}(?:[, ]+N\d{3})*\b/.exec(title)?.[0].match(/N\d{3}/g) ?? [];
}

async function outcomes(ids: readonly string[]): Promise<{ passed: Set<string>; failed: Set<string> }> {
  const passed = new Set<string>();
  const failed = new Set<string>();
  const any = `(?:${ids.join('|')})\\b`;
  // What else is in the files says nothing of a row. A title may name several.
  for (const test of await runTests(testFiles(new RegExp(`\\b${any}`, 'g')), `^(?:N\\d{3}[, ]+)*${any}`)) {
    if (!test.passed) console.log(`failed: ${test.name}\n    ${test.error ?? ''}`);
    for (const id of idsOf(test.name)) (test.passed ? passed : failed).add(id);
  }
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
