import type { Ledger } from './ledger.ts';
import { roomFacts } from './room-facts.table.ts';
import { say } from './talk-steps.ts';
import type { World } from './world.ts';
import type { WorldServer } from './world-server.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/**
 * From when to when a clock may be set, seen from the right time: right, a little wrong, or by far. Events from more than a
 * day in the future cannot be verified by anybody before that day, since that long keys are published to be valid.
 */
const CLOCKS: readonly (readonly [number, number])[] = [
  [0, 0],
  [-2 * HOUR_MS, 2 * HOUR_MS],
  [-365 * DAY_MS, 0],
  [0, 20 * HOUR_MS],
];
/** A backup that is put back sooner is not noticed (main/compose-restored.ts). */
const NOTICED_MS = 11 * 60_000;

/** For a while all commits of a server, or some of them, find the disk full; then there is room again. */
export async function fillDisk(world: World, ledger: Ledger): Promise<void> {
  const server = runningOne(world);
  if (server === undefined) return;
  server.fullness = world.random.pick([0.1, 0.5, 1]);
  await say(world, ledger);
  await world.pass(2 ** (world.random.fraction() * 20));
  await say(world, ledger);
  server.fullness = 0;
}

/** Somebody sets a server's clock, or sets it right: boards have none of their own when they are off. */
export async function setClock(world: World): Promise<void> {
  const server = world.random.pick(world.servers);
  const [earliest, latest] = world.random.pick(CLOCKS);
  server.skewMs = Math.floor(earliest + world.random.fraction() * (latest - earliest));
}

/** A server loses its disk, and goes on with a backup of some time ago. */
export async function putBack(world: World, ledger: Ledger): Promise<void> {
  const server = runningOne(world);
  if (server === undefined) return;
  const backup = await world.during(server.backUp());
  const before = (await roomFacts(server.db, ledger.roomId)).shown;
  await say(world, ledger);
  await world.pass(NOTICED_MS + world.random.fraction() * HOUR_MS);
  await say(world, ledger);
  if (!server.isRunning) return;
  server.crash();
  const kept = new Set(before);
  for (const other of world.servers)
    if (other.isRunning) for (const id of (await roomFacts(other.db, ledger.roomId)).shown) kept.add(id);
  ledger.forgive(server, kept);
  await world.during(server.start(backup));
}

function runningOne(world: World): WorldServer | undefined {
  const running = world.servers.filter(server => server.isRunning);
  return running.length === 0 ? undefined : world.random.pick(running);
}
