import { nodeCrypto, signingKeyFromSeed } from '../../src/base/node-crypto.ts';
import { type AuthSubject, authTypesFor } from '../../src/core/auth/auth-types.ts';
import type { Event } from '../../src/core/event.ts';
import { readEvent } from '../../src/core/event.ts';
import type { ServerName, UserId } from '../../src/core/ids.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { signEvent } from '../../src/core/signatures.ts';
import { extremities } from '../../src/rooms/extremities.table.ts';
import { type Ingested, ingest } from '../../src/rooms/ingest.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';
import type { Room, StoredEvent } from '../../src/rooms/room.ts';

export const TWO = 'two.example' as ServerName;
export const DORA = '@dora:two.example' as UserId;
export const EMIL = '@emil:two.example' as UserId;

export interface RemoteDraft {
  readonly type?: string;
  readonly sender: UserId;
  readonly content?: JsonObject;
  readonly stateKey?: string;
  /** The room's extremities unless given. */
  readonly prev?: readonly StoredEvent[];
  /** Taken from the state after the first of `prev` unless given. */
  readonly auth?: readonly Event[];
  readonly id?: string;
  readonly extra?: JsonObject;
}

const key = signingKeyFromSeed('ed25519:two', new Uint8Array(32).fill(2));
let made = 0;

/** An event as another server would send it. */
export async function remoteEvent(parts: RoomsParts, room: Room, draft: RemoteDraft): Promise<Event> {
  const { version } = room;
  const { type = 'm.room.message', sender, content = { body: `remote ${++made}` }, stateKey } = draft;
  const prev = draft.prev ?? [...(await parts.events.byNids(parts.db, await extremities(parts.db, room.nid))).values()];
  const subject = { type, sender, content, stateKey };
  const auth = draft.auth ?? (await authFor(parts, room, prev[0]?.stateAfter ?? 0, subject));
  const refer = (events: readonly Event[]): Json[] =>
    events.map(event => (version.referencesArePairs ? [event.id, { sha256: 'unused' }] : event.id));
  const pdu: JsonObject = {
    type,
    sender,
    content,
    room_id: room.roomId,
    prev_events: refer(prev.map(stored => stored.event)),
    auth_events: refer(auth),
    depth: Math.max(0, ...prev.map(stored => stored.event.depth)) + 1,
    origin_server_ts: parts.clock.now(),
    ...(stateKey === undefined ? {} : { state_key: stateKey }),
    ...(version.eventIds === 'chosen' ? { event_id: draft.id ?? `$made${++made}:${TWO}` } : {}),
    ...draft.extra,
  };
  return readEvent(signEvent(pdu, version, TWO, key, nodeCrypto), version, nodeCrypto);
}

async function authFor(parts: RoomsParts, room: Room, root: number, subject: AuthSubject): Promise<Event[]> {
  const found = await parts.state.events(parts.db, room, root, authTypesFor(subject, room.version));
  return found.map(stored => stored.event);
}

/** Makes such an event and takes it in. */
export async function receive(parts: RoomsParts, room: Room, draft: RemoteDraft): Promise<Ingested> {
  const event = await remoteEvent(parts, room, draft);
  return parts.db.tx(tx => ingest(parts, tx, room, event));
}

/** Makes such an event, which must be accepted. */
export async function accepted(parts: RoomsParts, room: Room, draft: RemoteDraft): Promise<StoredEvent> {
  const { outcome, stored, reason } = await receive(parts, room, draft);
  if (outcome !== 'accepted') throw new RangeError(`${outcome}: ${reason}`);
  return stored;
}

export function joinFrom(parts: RoomsParts, room: Room, sender: UserId, prev?: readonly StoredEvent[]) {
  const draft = { type: 'm.room.member', sender, stateKey: sender, content: { membership: 'join' } };
  return accepted(parts, room, prev === undefined ? draft : { ...draft, prev });
}

/** The newest event of a room. */
export async function newest(parts: RoomsParts, room: Room): Promise<StoredEvent> {
  const [nid = 0] = await extremities(parts.db, room.nid);
  const stored = await parts.events.byNid(parts.db, nid);
  if (stored === undefined) throw new RangeError('the room is empty');
  return stored;
}
