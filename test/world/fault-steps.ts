import type { Ledger } from './ledger.ts';
import { NO_FAULTS } from './simulated-network.ts';
import { say } from './talk-steps.ts';
import type { World } from './world.ts';
import type { WorldServer } from './world-server.ts';

const HOUR_MS = 3_600_000;

export async function changeFaults(world: World): Promise<void> {
  const { random } = world;
  world.network.faults = random.chance(0.3)
    ? NO_FAULTS
    : {
        lost: random.fraction() * 0.2,
        unanswered: random.fraction() * 0.2,
        doubled: random.fraction() * 0.2,
        broken: random.fraction() * 0.1,
        delayMs: 2 ** (random.fraction() * 12),
      };
}

export async function partition(world: World): Promise<void> {
  const sides: string[][] = [[], []];
  for (const { name } of world.servers) sides[world.random.below(2)]?.push(name);
  world.network.partition(sides);
}

/** One server reaches another no more, but is reached by it. */
export async function cutOneWay(world: World): Promise<void> {
  world.network.cut(world.random.pick(world.servers).name, world.random.pick(world.servers).name);
}

export async function crash(world: World): Promise<void> {
  const server = runningOne(world);
  if (server === undefined) return;
  server.crash();
  if (world.random.chance(0.5)) await world.pass(2 ** (world.random.fraction() * 22));
  if (!server.isRunning) await world.during(server.start());
}

/** A server crashes in the middle of a transaction, while something is said. */
export async function crashSoon(world: World, ledger: Ledger): Promise<void> {
  runningOne(world)?.crashAfter(world.random.below(30));
  await say(world, ledger);
  await say(world, ledger);
}

/** A server is away for hours, so that the others lose patience with it, while something is said. */
export async function stayAway(world: World, ledger: Ledger): Promise<void> {
  const server = runningOne(world);
  if (server === undefined) return;
  server.crash();
  await world.pass(world.random.fraction() * 2 * HOUR_MS);
  await say(world, ledger);
  await world.pass(world.random.fraction() * 2 * HOUR_MS);
  if (!server.isRunning) await world.during(server.start());
}

/** For a while a server acknowledges events and loses them: the tail of the room, for it. */
export async function forget(world: World, ledger: Ledger): Promise<void> {
  const server = runningOne(world);
  if (server === undefined) return;
  server.isForgetful = true;
  await say(world, ledger);
  await world.pass(5000);
  server.isForgetful = false;
}

function runningOne(world: World): WorldServer | undefined {
  const running = world.servers.filter(server => server.isRunning);
  return running.length === 0 ? undefined : world.random.pick(running);
}
