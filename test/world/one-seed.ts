import type { Plant } from './mortal-database.ts';
import { healAll, openRoom, syncAll, takeStep } from './story.ts';
import { differences, missingMessages, unseen } from './verdict.ts';
import { World } from './world.ts';

const NAMES = ['a.example', 'b.example', 'c.example', 'd.example'];
const MINUTE_MS = 60_000;
/** After so much of the world's time at the latest everything must be where it belongs. */
const LONGEST_HEALING_MS = 36 * 60 * MINUTE_MS;

export interface SeedResult {
  readonly problems: readonly string[];
  readonly messages: number;
  readonly requests: number;
  /** Until the last message was everywhere, in the world's time. */
  readonly healedMs: number;
}

/** One world from its seed to its verdict. */
export async function runSeed(seed: number, plant?: Plant): Promise<SeedResult> {
  const size = 2 + (seed % 3);
  await using world = new World(seed, NAMES.slice(0, size), plant);
  await world.start();
  const ledger = await openRoom(world);
  const steps = 15 + world.random.below(30);
  for (let step = 0; step < steps; step++) await takeStep(world, ledger);
  await healAll(world);
  const healedMs = await heal(world, () => missingMessages(world, ledger));
  const problems = [...(await missingMessages(world, ledger))];
  if (problems.length === 0) {
    // Whoever speaks now ties together what stands side by side.
    for (const user of world.users) {
      const { status, body } = await world.during(user.message(ledger.roomId, 'the end'));
      if (status === 200) ledger.messages.push(String(body.event_id));
      else problems.push(`${user.id} cannot speak any more: ${JSON.stringify(body)}`);
      await world.pass(MINUTE_MS);
    }
    await heal(world, async () => [...(await missingMessages(world, ledger)), ...(await differences(world, ledger))]);
    await syncAll(world);
    problems.push(
      ...(await missingMessages(world, ledger)),
      ...(await differences(world, ledger)),
      ...unseen(world, ledger),
    );
  }
  return { problems, messages: ledger.messages.length, requests: world.network.counts.requests, healedMs };
}

async function heal(world: World, problems: () => Promise<readonly string[]>): Promise<number> {
  const began = world.time.now;
  for (let wait = 1000; world.time.now - began < LONGEST_HEALING_MS; wait *= 2) {
    if ((await problems()).length === 0) break;
    await world.pass(wait);
  }
  return world.time.now - began;
}
