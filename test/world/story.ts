import { NO_FAULTS } from './simulated-network.ts';
import type { World } from './world.ts';
import type { Answer, WorldServer } from './world-server.ts';
import type { WorldUser } from './world-user.ts';

/** What was acknowledged, and has to be everywhere in the end. */
export interface Ledger {
  readonly roomId: string;
  /** Event IDs of messages. */
  readonly messages: string[];
  /** Texts of to-device messages by the user they are for. */
  readonly toDevice: Map<WorldUser, string[]>;
}

interface Step {
  readonly weight: number;
  readonly run: (world: World, ledger: Ledger) => Promise<void>;
}

let texts = 0;

/** What can happen, and how often it does. */
const STEPS: readonly Step[] = [
  { weight: 40, run: say },
  { weight: 8, run: setTopic },
  { weight: 12, run: guestMoves },
  { weight: 8, run: sendToDevice },
  { weight: 8, run: syncAll },
  { weight: 8, run: changeFaults },
  { weight: 6, run: partition },
  { weight: 4, run: async world => world.network.heal() },
  { weight: 8, run: crash },
  { weight: 12, run: async world => world.pass(2 ** (world.random.fraction() * 20)) },
];

const LOTS = STEPS.flatMap(step => Array.from({ length: step.weight }, () => step));

/** A room with a member on each server. */
export async function openRoom(world: World): Promise<Ledger> {
  const [creator, ...others] = world.users;
  const version = world.random.pick(['6', '9', '10', '11', '12']);
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
  await syncAll(world);
  return { roomId, messages: [], toDevice: new Map(world.users.map(user => [user, []])) };
}

/** One step, as the seed decides. */
export async function takeStep(world: World, ledger: Ledger): Promise<void> {
  await world.random.pick(LOTS).run(world, ledger);
}

/** Ends all faults and starts what is down. */
export async function healAll(world: World): Promise<void> {
  world.network.heal();
  for (const server of world.servers) if (!server.isRunning) await world.during(server.start());
}

/** A request of a client that may meet a crash: then nothing was acknowledged. */
async function attempt(world: World, user: WorldUser, request: () => Promise<Answer>): Promise<Answer | undefined> {
  if (!user.server.isRunning) return undefined;
  return world.during(request()).catch(() => undefined);
}

async function say(world: World, ledger: Ledger): Promise<void> {
  const user = world.random.pick(world.users);
  const count = 1 + world.random.below(4);
  for (let at = 0; at < count; at++) {
    const answer = await attempt(world, user, () => user.message(ledger.roomId, `text ${texts++}`));
    if (answer?.status === 200) ledger.messages.push(String(answer.body.event_id));
  }
}

async function setTopic(world: World, { roomId }: Ledger): Promise<void> {
  const user = world.random.pick(world.users);
  const type = world.random.pick(['m.room.topic', 'm.room.name', 'org.example.state']);
  await attempt(world, user, () => user.state(roomId, type, '', { topic: `${texts}`, name: `${texts++}` }));
}

async function guestMoves(world: World, { roomId }: Ledger): Promise<void> {
  const guest = world.random.pick(world.guests);
  const user = world.random.pick(world.users);
  const via = world.random.pick(world.servers).name;
  const move = world.random.pick(['join', 'join', 'leave', 'kick', 'ban', 'unban'] as const);
  if (move === 'join') await attempt(world, guest, () => guest.join(roomId, via));
  else if (move === 'leave') await attempt(world, guest, () => guest.membership(roomId, 'leave'));
  else await attempt(world, user, () => user.membership(roomId, move, guest.id));
}

async function sendToDevice(world: World, ledger: Ledger): Promise<void> {
  const [from, to] = [world.random.pick(world.users), world.random.pick(world.users)];
  const text = `device ${texts++}`;
  const answer = await attempt(world, from, () => from.toDevice(to.id, text, text.replace(' ', '')));
  if (answer?.status === 200) ledger.toDevice.get(to)?.push(text);
}

export async function syncAll(world: World): Promise<void> {
  for (const user of world.users) if (user.server.isRunning) await world.during(user.sync());
}

async function changeFaults(world: World): Promise<void> {
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

async function partition(world: World): Promise<void> {
  const sides: string[][] = [[], []];
  for (const { name } of world.servers) sides[world.random.below(2)]?.push(name);
  world.network.partition(sides);
}

async function crash(world: World): Promise<void> {
  const running = world.servers.filter(server => server.isRunning);
  if (running.length === 0) return;
  const server: WorldServer = world.random.pick(running);
  await server.crash();
  const away = 2 ** (world.random.fraction() * 22);
  if (world.random.chance(0.5)) await world.pass(away);
  await world.during(server.start());
}
