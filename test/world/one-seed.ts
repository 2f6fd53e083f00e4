import type { Ledger } from './ledger.ts';
import { healAll, openRoom, takeStep } from './story.ts';
import { readToTheEnd, syncAll } from './talk-steps.ts';
import { differences, leftovers, missingMessages, strangeDevices, unseen } from './verdict.ts';
import { World, type WorldOptions } from './world.ts';

const NAMES = ['a.example', 'b.example', 'c.example', 'd.example'];
const MINUTE_MS = 60_000;
/** After so much of the world's time at the latest everything must be where it belongs. */
const LONGEST_HEALING_MS = 36 * 60 * MINUTE_MS;
/** Once all is well, what is said has to be everywhere this soon. */
const PROMPTLY_MS = 2 * MINUTE_MS;

export interface SeedResult {
  readonly problems: readonly string[];
  readonly messages: number;
  readonly requests: number;
  /** Until the last message was everywhere, in the world's time. */
  readonly healedMs: number;
  /** The same for each run of the seed. */
  readonly digest: string;
}

/** Of how many servers a world is, and how much happens in it. */
interface Size {
  readonly servers: number;
  readonly fewestSteps: number;
  readonly furtherSteps: number;
  /** Whether its servers are on machines that are not well. */
  readonly withMachines: boolean;
}

/** The first ones are large, and each fourth of the others: in the same time small ones meet more that is rare. */
const LARGE_UP_TO = 60;

/**
 * Seeds that are new in each run lie behind it: machines that are not well still find what is not mended (0149), and a run should
 * fail for what was changed.
 */
const MACHINES_UP_TO = 1000;

function sizeOf(seed: number): Size {
  const isLarge = seed <= LARGE_UP_TO || seed % 4 === 0;
  const withMachines = seed > LARGE_UP_TO && seed <= MACHINES_UP_TO && seed % 5 === 3;
  if (isLarge) return { servers: 2 + (seed % 3), fewestSteps: 15, furtherSteps: 30, withMachines };
  return { servers: 2 + (seed % 2), fewestSteps: 8, furtherSteps: 16, withMachines };
}

type Problems = () => Promise<readonly string[]>;

/** One world from its seed to its verdict. `template`: a database with all tables. */
export async function runSeed(seed: number, template: string, options: WorldOptions = {}): Promise<SeedResult> {
  const { servers, fewestSteps, furtherSteps, withMachines } = sizeOf(seed);
  await using world = new World(seed, NAMES.slice(0, servers), template, options);
  await world.start();
  const ledger = await openRoom(world);
  const steps = fewestSteps + world.random.below(furtherSteps);
  for (let step = 0; step < steps; step++) await takeStep(world, ledger, withMachines);
  await healAll(world, ledger);
  const healedMs = await heal(world, () => missingMessages(world, ledger));
  const problems = await judge(world, ledger);
  const { digest } = world.chronicle;
  return { problems, messages: ledger.messages.length, requests: world.network.counts.requests, healedMs, digest };
}

async function judge(world: World, ledger: Ledger): Promise<readonly string[]> {
  const missing = await missingMessages(world, ledger);
  if (missing.length > 0) return missing;
  // At first some may still have no patience with others, which is over once they were heard.
  const problems = [...ledger.problems, ...(await speakOnceMore(world, ledger, LONGEST_HEALING_MS))];
  problems.push(...(await speakOnceMore(world, ledger, PROMPTLY_MS)));
  await readToTheEnd(world, ledger);
  const all = async () => [
    ...(await missingMessages(world, ledger)),
    ...(await differences(world, ledger)),
    ...(await strangeDevices(world)),
    ...(await leftovers(world)),
  ];
  await heal(world, all);
  await syncAll(world);
  const { repeated, reused } = world.network.deliveries;
  return [...problems, ...(await all()), ...unseen(world, ledger), ...repeated, ...reused];
}

/** Whoever speaks now ties together what stands side by side; all are well, so it has to be heard. */
async function speakOnceMore(world: World, ledger: Ledger, longestMs: number): Promise<string[]> {
  const problems: string[] = [];
  for (const user of world.users) {
    const { status, body } = await world.during(user.message(ledger.roomId, 'the end'));
    if (status === 200) ledger.messages.push(String(body.event_id));
    else problems.push(`${user.id} cannot speak any more: ${JSON.stringify(body)}`);
    await heal(world, () => missingMessages(world, ledger), longestMs);
    const late = await missingMessages(world, ledger);
    if (late.length > 0) problems.push(`not in time: ${late[0]}`);
  }
  return problems;
}

/** Waits until nothing is wrong any more, in steps that become longer. Answers how long that took. */
async function heal(world: World, problems: Problems, longestMs = LONGEST_HEALING_MS): Promise<number> {
  const began = world.time.now;
  for (let wait = 1000; world.time.now - began < longestMs; wait *= 2) {
    if ((await problems()).length === 0) break;
    await world.pass(wait);
  }
  return world.time.now - began;
}
