import { inLanes, type Line, runRow } from './lanes.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';

type Row = readonly [name: string, about: string, seed: string, seen: string];

/**
 * Runs worlds with a bug in them, each bug until a world finds it, and prints at once which one did. `names`: of bugs; all
 * where there are none. `seeds`: of the worlds in which it may hide. Answers how many were found and how many were not.
 */
export async function findPlants(
  names: readonly string[],
  seeds: readonly number[],
): Promise<{ readonly passed: number; readonly failed: number }> {
  const wanted = Object.keys(PLANTED_BUGS).filter(name => names.length === 0 || names.includes(name));
  let passed = 0;
  printRow(wanted, ['planted bug', 'what it does', 'seed', 'what was seen']);
  await inLanes(wanted, async name => {
    const line = await firstToFind(name, seeds);
    if (line !== undefined) passed++;
    printRow(wanted, describe(name, line));
  });
  console.log(`${passed} of ${wanted.length} planted bugs were found`);
  return { passed, failed: wanted.length - passed };
}

async function firstToFind(name: string, seeds: readonly number[]): Promise<Line | undefined> {
  for await (const line of runRow(['--plant', name, ...seeds.map(String)])) if (line.problems.length > 0) return line;
  return undefined;
}

function describe(name: string, line: Line | undefined): Row {
  const seen = line?.problems[0]?.split('\n')[0]?.replaceAll(/\$[\w-]{43}/g, 'EVENT');
  return [name, aboutOf(name), line === undefined ? '-' : `${line.seed}`, seen ?? 'NOT FOUND'];
}

/** One row of the table of `wanted`, whose widths are known before anything is found. */
function printRow(wanted: readonly string[], [name, about, seed, seen]: Row): void {
  const widest = (words: readonly string[]) => Math.max(...words.map(({ length }) => length));
  console.log(
    [name.padEnd(widest(wanted)), about.padEnd(widest(wanted.map(aboutOf))), seed.padEnd('seed'.length), seen].join(
      '  ',
    ),
  );
}

function aboutOf(name: string): string {
  return PLANTED_BUGS[name]?.about ?? '';
}
