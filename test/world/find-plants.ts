import { inLanes, type Line, runRow } from './lanes.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';

/** A planted bug and the first world that has found it. */
interface Found {
  readonly name: string;
  readonly line: Line | undefined;
}

/**
 * Runs worlds with a bug in them, each bug until a world finds it, and prints which one did. `names`: of bugs; all where
 * there are none. `seeds`: of the worlds in which it may hide. Answers how many were found and how many were not.
 */
export async function findPlants(
  names: readonly string[],
  seeds: readonly number[],
): Promise<{ readonly passed: number; readonly failed: number }> {
  const wanted = Object.keys(PLANTED_BUGS).filter(name => names.length === 0 || names.includes(name));
  const found: Found[] = [];
  await inLanes(wanted, async name => {
    found.push({ name, line: await firstToFind(name, seeds) });
  });
  found.sort((a, b) => wanted.indexOf(a.name) - wanted.indexOf(b.name));
  printTable(found);
  const passed = found.filter(({ line }) => line !== undefined).length;
  console.log(`${passed} of ${wanted.length} planted bugs were found`);
  return { passed, failed: wanted.length - passed };
}

async function firstToFind(name: string, seeds: readonly number[]): Promise<Line | undefined> {
  for await (const line of runRow(['--plant', name, ...seeds.map(String)])) if (line.problems.length > 0) return line;
  return undefined;
}

function printTable(found: readonly Found[]): void {
  const rows = found.map(({ name, line }) => [
    name,
    PLANTED_BUGS[name]?.about ?? '',
    line === undefined ? '-' : `${line.seed}`,
    line?.problems[0]?.split('\n')[0]?.replaceAll(/\$[\w-]{43}/g, 'EVENT') ?? 'NOT FOUND',
  ]);
  const all = [['planted bug', 'what it does', 'seed', 'what was seen'], ...rows];
  const width = (column: number) => Math.max(...all.map(row => row[column]?.length ?? 0));
  for (const row of all)
    console.log(
      row
        .map((cell, column) => cell.padEnd(width(column)))
        .join('  ')
        .trimEnd(),
    );
}
