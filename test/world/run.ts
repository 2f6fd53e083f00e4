/**
 * `./copse test world [--seeds N] [--fresh N] [--plants] [SEED...]`: worlds of several servers with faults between and in them. What
 * was acknowledged has to be everywhere in the end, once. A seed that failed fails again when it is named. `--plants`
 * runs worlds with a bug in them, which they have to find.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PLANTED_BUGS } from './planted-bugs.ts';

interface Line {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly messages: number;
  readonly requests: number;
  readonly healedMs: number;
}

const LANES = 2;
/** The same in every run, and with `--fresh N` so many new ones. */
const FIXED = 60;
/** Worlds in which a planted bug may hide before it has to be found. */
const SEEDS_FOR_A_BUG = 40;
const MOST_PROBLEMS_SHOWN = 8;

const args = process.argv.slice(2);
const withPlants = take('--plants') !== undefined;
const count = Number(takeValue('--seeds') ?? FIXED);
const newSeeds = Number(takeValue('--fresh') ?? 0);
const named = args.map(Number);
const counts = { passed: 0, failed: 0 };

if (withPlants) await findPlants();
else await runWorlds(named.length > 0 ? named : seedsOf(count));
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed > 0 ? 1 : 0);

function take(flag: string): string | undefined {
  const at = args.indexOf(flag);
  return at === -1 ? undefined : args.splice(at, 1)[0];
}

function takeValue(flag: string): string | undefined {
  const at = args.indexOf(flag);
  return at === -1 ? undefined : args.splice(at, 2)[1];
}

function seedsOf(fixed: number): number[] {
  const fresh = Date.now() % 1_000_000_000;
  return [
    ...Array.from({ length: fixed }, (_, at) => at + 1),
    ...Array.from({ length: newSeeds }, (_, at) => fresh + at),
  ];
}

async function runWorlds(seeds: readonly number[]): Promise<void> {
  const total = { messages: 0, requests: 0 };
  const healed: number[] = [];
  const began = performance.now();
  await inLanes(seeds, [], ({ seed, problems, messages, requests, healedMs }) => {
    counts[problems.length === 0 ? 'passed' : 'failed']++;
    total.messages += messages;
    total.requests += requests;
    healed.push(healedMs);
    if (problems.length === 0) return false;
    console.log(`FAILED: the world with seed ${seed}:`);
    for (const problem of problems.slice(0, MOST_PROBLEMS_SHOWN)) console.log(`  ${problem}`);
    if (problems.length > MOST_PROBLEMS_SHOWN) console.log(`  and ${problems.length - MOST_PROBLEMS_SHOWN} more`);
    return false;
  });
  healed.sort((a, b) => a - b);
  const at = (share: number) => `${((healed[Math.floor((healed.length - 1) * share)] ?? 0) / 1000).toFixed(0)} s`;
  console.log(
    `${seeds.length} worlds, ${total.messages} messages acknowledged, ${total.requests} requests between servers, in ` +
      `${((performance.now() - began) / 1000).toFixed(0)} s; healed after ${at(0.5)} of their time (median), ${at(1)} at most`,
  );
}

async function findPlants(): Promise<void> {
  for (const [name, { about }] of Object.entries(PLANTED_BUGS)) {
    const seeds = Array.from({ length: SEEDS_FOR_A_BUG }, (_, at) => at + 1);
    let found: Line | undefined;
    await inLanes(seeds, ['--plant', name], line => {
      if (line.problems.length > 0) found ??= line;
      return found !== undefined;
    });
    counts[found === undefined ? 'failed' : 'passed']++;
    const how = found === undefined ? 'NOT FOUND' : `found by seed ${found.seed}: ${found.problems[0]?.split('\n')[0]}`;
    console.log(`${name} (${about}): ${how}`);
  }
}

/** Runs seeds side by side; ends early once `onLine` answers true. */
async function inLanes(
  seeds: readonly number[],
  flags: readonly string[],
  onLine: (line: Line) => boolean,
): Promise<void> {
  const lanes = Array.from({ length: LANES }, (_, lane) => seeds.filter((_, at) => at % LANES === lane));
  const children = lanes.filter(lane => lane.length > 0).map(lane => startLane([...flags, ...lane.map(String)]));
  await Promise.all(
    children.map(async child => {
      for await (const text of createInterface(child.stdout))
        if (onLine(JSON.parse(text) as Line)) for (const each of children) each.kill('SIGKILL');
    }),
  );
}

function startLane(laneArgs: readonly string[]) {
  const script = join(import.meta.dirname, 'lane.ts');
  return spawn(process.execPath, [script, ...laneArgs], { stdio: ['ignore', 'pipe', 'inherit'] });
}
