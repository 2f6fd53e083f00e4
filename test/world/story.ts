import { changeDevices } from './device-steps.ts';
import { changeFaults, crash, crashSoon, cutOneWay, forget, partition, stayAway } from './fault-steps.ts';
import { Ledger } from './ledger.ts';
import { fillDisk, putBack, setClock } from './machine-steps.ts';
import { poison } from './poison.ts';
import { askIn, changeLevels, changeRules, guestMoves, redact, setState } from './room-steps.ts';
import { read, say, sendToDevice, syncAll } from './talk-steps.ts';
import type { World } from './world.ts';

interface Step {
  readonly weight: number;
  readonly run: (world: World, ledger: Ledger) => Promise<void>;
}

/** What can happen, and how often it does. */
const STEPS: readonly Step[] = [
  { weight: 40, run: say },
  { weight: 8, run: setState },
  { weight: 3, run: changeLevels },
  { weight: 3, run: changeRules },
  { weight: 4, run: redact },
  { weight: 6, run: read },
  { weight: 12, run: guestMoves },
  { weight: 4, run: askIn },
  { weight: 10, run: sendToDevice },
  { weight: 4, run: changeDevices },
  { weight: 8, run: syncAll },
  { weight: 8, run: changeFaults },
  { weight: 5, run: partition },
  { weight: 3, run: cutOneWay },
  { weight: 4, run: async world => world.network.heal() },
  { weight: 5, run: crash },
  { weight: 5, run: crashSoon },
  { weight: 2, run: stayAway },
  { weight: 2, run: forget },
  { weight: 4, run: poison },
  { weight: 12, run: async world => world.pass(2 ** (world.random.fraction() * 20)) },
];

/** What happens besides to servers on machines that are not well. */
const MACHINE_STEPS: readonly Step[] = [
  { weight: 6, run: fillDisk },
  { weight: 6, run: setClock },
  { weight: 3, run: putBack },
];

const LOTS = lotsOf(STEPS);
const LOTS_OF_MACHINES = lotsOf([...STEPS, ...MACHINE_STEPS]);

function lotsOf(steps: readonly Step[]): readonly Step[] {
  return steps.flatMap(step => Array.from({ length: step.weight }, () => step));
}

/** A room with a member on each server. */
export async function openRoom(world: World): Promise<Ledger> {
  const [creator, ...others] = world.users;
  const version = world.random.pick(['6', '8', '9', '10', '11', '12']);
  // From version 12 on the creator has all power anyway, and may not be named.
  const named = version === '12' ? others : world.users;
  const users = Object.fromEntries(named.map(user => [user.id, 100]));
  const roomId = await world.during(
    creator!.createRoom({
      preset: 'public_chat',
      room_version: version,
      power_level_content_override: { users },
    }),
  );
  for (const user of others) {
    const { status, body } = await world.during(user.join(roomId, creator!.server.name));
    if (status !== 200) throw new Error(`${user.id} cannot join: ${JSON.stringify(body)}`);
  }
  const ledger = new Ledger(roomId, world.users);
  await syncAll(world);
  return ledger;
}

/** One step, as the seed decides; and whoever had no answer before asks again. */
export async function takeStep(world: World, ledger: Ledger, withMachines: boolean): Promise<void> {
  await ledger.repeat(world);
  await world.random.pick(withMachines ? LOTS_OF_MACHINES : LOTS).run(world, ledger);
  for (const server of world.servers)
    if (!server.isRunning && world.random.chance(0.3)) await world.during(server.start());
}

/** Ends all faults and starts what is down. */
export async function healAll(world: World, ledger: Ledger): Promise<void> {
  world.network.heal();
  for (const server of world.servers) {
    server.isForgetful = false;
    server.fullness = 0;
    server.skewMs = 0;
    server.crashAfter(undefined);
    if (!server.isRunning) await world.during(server.start());
  }
  await ledger.repeat(world);
}
