import type { Budget } from '../../src/base/budget.ts';
import { KeyedQueue } from '../../src/base/keyed-queue.ts';
import { silentLog } from '../../src/base/log.ts';
import { nodeCrypto, signingKeyFromSeed } from '../../src/base/node-crypto.ts';
import { systemRandom } from '../../src/base/random.ts';
import { type Bus, LocalBus } from '../../src/bus/bus.ts';
import type { ServerName, UserId } from '../../src/core/ids.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Database } from '../../src/db/database.ts';
import { createRoom } from '../../src/rooms/create-room.ts';
import { compileFilter } from '../../src/rooms/event-filter.ts';
import type { ClientView } from '../../src/rooms/event-format.ts';
import { EventStore } from '../../src/rooms/event-store.ts';
import { timelineForward } from '../../src/rooms/events.table.ts';
import { join } from '../../src/rooms/membership.ts';
import { Nids } from '../../src/rooms/nids.table.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';
import { noNotifications } from '../../src/rooms/ports.ts';
import type { Room, StoredEvent } from '../../src/rooms/room.ts';
import type { RoomPlan } from '../../src/rooms/room-plan.ts';
import { RoomRegistry } from '../../src/rooms/room-registry.ts';
import { RoomState } from '../../src/rooms/room-state.ts';
import { roomHead } from '../../src/rooms/rooms.table.ts';
import { sendEvent, sendState } from '../../src/rooms/send.ts';
import { StateTrees } from '../../src/rooms/state-tree/state-trees.ts';
import { page } from '../../src/rooms/timeline.ts';
import { testBudget } from './budget.ts';
import { TickingClock } from './ticking-clock.ts';

export const SERVER = 'one.example' as ServerName;
export const ALICE = '@alice:one.example' as UserId;
export const BOB = '@bob:one.example' as UserId;
export const CAROL = '@carol:one.example' as UserId;

function throwingBus(): Bus {
  return new LocalBus(error => {
    throw error;
  });
}

/** The rooms part on a test's database, on a clock that goes on by a millisecond at each look. */
export function roomsOn(
  db: Database,
  serverName: ServerName = SERVER,
  bus: Bus = throwingBus(),
  budget: Budget = testBudget(),
): RoomsParts & { readonly clock: TickingClock } {
  const nids = new Nids(budget);
  const rooms = new RoomRegistry(budget, bus);
  const events = new EventStore(rooms, budget, bus);
  const trees = new StateTrees({ db, budget, fingerprintKey: new Uint8Array(32).fill(7) });
  return {
    db,
    bus,
    clock: new TickingClock(),
    random: systemRandom,
    log: silentLog,
    budget,
    crypto: nodeCrypto,
    serverName,
    signingKey: signingKeyFromSeed('ed25519:test', Buffer.alloc(32, serverName)),
    nids,
    rooms,
    trees,
    events,
    state: new RoomState({ nids, trees, events }),
    notifications: noNotifications,
    queue: new KeyedQueue(),
  };
}

const PLAN: RoomPlan = {
  creator: ALICE,
  creatorProfile: {},
  version: '12',
  preset: 'public_chat',
  visibility: 'private',
  invite: [],
  isDirect: false,
  creationContent: {},
  initialState: [],
  powerLevelOverride: {},
};

/** A public room of Alice's, but for what `plan` says. */
export async function newRoom(parts: RoomsParts, plan: Partial<RoomPlan> = {}): Promise<Room> {
  return parts.rooms.get(parts.db, await createRoom(parts, { ...PLAN, ...plan }));
}

export async function joinAll(parts: RoomsParts, room: Room, users: readonly UserId[]): Promise<void> {
  for (const user of users) await join(parts, room, { sender: user });
}

let transactions = 0;

/** Sends a message and answers it as stored. */
export async function say(
  parts: RoomsParts,
  room: Room,
  sender: UserId,
  body: string,
  more: JsonObject = {},
): Promise<StoredEvent> {
  const content = { msgtype: 'm.text', body, ...more };
  const key = { userNid: 0, deviceId: '', scope: 'test', txnId: String(transactions++) };
  const id = await sendEvent(parts, room, { type: 'm.room.message', sender, content }, key);
  const stored = await parts.events.byId(parts.db, id);
  if (stored === undefined) throw new RangeError(`${id} is not stored`);
  return stored;
}

/** A message in a thread. */
export function reply(parts: RoomsParts, room: Room, sender: UserId, root: StoredEvent, body: string) {
  return say(parts, room, sender, body, { 'm.relates_to': { rel_type: 'm.thread', event_id: root.event.id } });
}

export function setState(parts: RoomsParts, room: Room, sender: UserId, type: string, content: JsonObject, key = '') {
  return sendState(parts, room, { type, sender, stateKey: key, content });
}

export function setVisibility(parts: RoomsParts, room: Room, visibility: string) {
  return setState(parts, room, ALICE, 'm.room.history_visibility', { history_visibility: visibility });
}

export async function viewOf(parts: RoomsParts, userId: UserId, deviceId = 'DEVICE'): Promise<ClientView> {
  return { userId, userNid: await parts.db.tx(tx => parts.nids.users.internOne(tx, userId)), deviceId };
}

/** The content of an event of the room's current state. */
export async function stateContent(
  parts: RoomsParts,
  room: Room,
  type: string,
  key = '',
): Promise<JsonObject | undefined> {
  const { state_root: root } = await roomHead(parts.db, room.nid);
  return (await parts.state.event(parts.db, room, root, type, key))?.content;
}

/** The bodies of the messages that a user sees in a room, oldest first. */
export async function bodiesSeen(parts: RoomsParts, room: Room, userId: UserId): Promise<unknown[]> {
  const request = { direction: 'f' as const, from: -1, limit: 1000, filter: compileFilter() };
  const { events } = await page(parts, parts.db, room, await viewOf(parts, userId), request);
  return events
    .map(({ stored }) => stored.event)
    .filter(event => event.type === 'm.room.message')
    .map(event => event.content.body);
}

/** All events of a room's timeline, oldest first. */
export async function timelineOf(parts: RoomsParts, room: Room): Promise<StoredEvent[]> {
  const all = { after: Number.MIN_SAFE_INTEGER, upTo: Number.MAX_SAFE_INTEGER };
  const rows = await timelineForward(parts.db, room.nid, all, 1000);
  const events = await parts.events.byNids(
    parts.db,
    rows.map(row => row.nid),
  );
  return rows.flatMap(row => events.get(row.nid) ?? []);
}
