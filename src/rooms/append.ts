import { randomLetters } from '../base/random.ts';
import { authTypesFor } from '../core/auth/auth-types.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { type Event, EventError, readEvent } from '../core/event.ts';
import type { EventId, UserId } from '../core/ids.ts';
import { type Json, JsonError, type JsonObject } from '../core/json.ts';
import { forbidden, MatrixError } from '../core/matrix-error.ts';
import type { RoomVersion } from '../core/room-versions.ts';
import { signEvent } from '../core/signatures.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { extremities } from './extremities.table.ts';
import { type Ingested, ingest, type RoomTip } from './ingest.ts';
import { judgeByState } from './judge-event.ts';
import type { RoomsParts } from './parts.ts';
import type { RoomPolicy } from './ports.ts';
import { resolveRoots } from './resolve.ts';
import type { Room, StoredEvent } from './room.ts';
import { needsPolicy, roomPolicy, takeSigned, UnsignedError } from './room-policy.ts';
import { lockRoom, type RoomHead } from './rooms.table.ts';
import type { Root } from './state-tree/state-trees.ts';

/** An event that a local user wants to send. */
export interface Draft {
  readonly type: string;
  readonly sender: UserId;
  readonly content: JsonObject;
  readonly stateKey?: string | undefined;
  readonly redacts?: EventId | undefined;
  /** Milliseconds since 1970; only appservices and imports set it. */
  readonly ts?: number | undefined;
}

/** The most prev_events of an event that we make (the format allows 20). */
const MOST_PREVIOUS = 20;

/**
 * Makes a local user's event, signs it and takes it in, in the caller's transaction.
 *
 * @throws MatrixError M_FORBIDDEN when the rules refuse it (nothing is stored then), M_TOO_LARGE, M_BAD_JSON
 */
export async function append(parts: RoomsParts, tx: Tx, room: Room, draft: Draft): Promise<StoredEvent> {
  const top = await topOf(parts, tx, room, await lockRoom(tx, room.nid));
  const same = await unchanged(parts, tx, room, top.root, draft);
  if (same !== undefined) return same;
  const policy = needsPolicy(draft) ? await roomPolicy(parts, tx, room, top.head.state_root) : undefined;
  const signed = policy && takeSigned(tx);
  const event = signed ?? make(parts, room.version, await proposal(parts, tx, room, top, draft));
  if (policy !== undefined && signed === undefined) await requireSigned(parts, tx, room, { event, policy, top });
  const { head, tips, previous } = top;
  // What was signed may have been overtaken by others meanwhile, and takes its place beside them.
  const place = signed === undefined ? { tip: { head, tips, previous } } : {};
  const result = await ingest(parts, tx, room, event, { ...place, distribute: true });
  // The transaction is undone by this error, so that nothing refused is left behind.
  if (result.outcome !== 'accepted') throw refusal(result);
  return result.stored;
}

interface Unsigned {
  readonly event: Event;
  readonly policy: RoomPolicy;
  readonly top: RoomTop;
}

/** The policy server is not asked about what the rules forbid. @throws UnsignedError, and MatrixError as `append` */
async function requireSigned(parts: RoomsParts, tx: Tx, room: Room, { event, policy, top }: Unsigned): Promise<never> {
  const verdict = await judgeByState(parts, tx, room, event, top.root);
  if (!verdict.ok) throw refusal(verdict);
  throw new UnsignedError(event, policy);
}

/**
 * A local user's event, made and signed like the others but not taken in yet: somebody else has to sign it first.
 *
 * @throws MatrixError as `append`
 */
export async function prepare(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  draft: Draft,
): Promise<{ readonly event: Event; readonly stateBefore: Root }> {
  const top = await topOf(parts, tx, room, await lockRoom(tx, room.nid));
  const event = make(parts, room.version, await proposal(parts, tx, room, top, draft));
  const policy = await roomPolicy(parts, tx, room, top.head.state_root);
  const signed = policy && takeSigned(tx);
  if (signed !== undefined) return { event: signed, stateBefore: top.root };
  if (policy !== undefined) await requireSigned(parts, tx, room, { event, policy, top });
  const verdict = await judgeByState(parts, tx, room, event, top.root);
  if (!verdict.ok) throw refusal(verdict);
  return { event, stateBefore: top.root };
}

/** What a new event builds on. */
export interface RoomTop extends RoomTip {
  /** The state before the new event. */
  readonly root: Root;
}

/** What a new event of a room would build on. The events are read with `tx`; who only reads gives `head` as it is. */
export async function topOf(parts: RoomsParts, tx: Tx, room: Room, head: RoomHead): Promise<RoomTop> {
  const tips = await extremities(tx, room.nid);
  const chosen = tips.slice(0, MOST_PREVIOUS);
  const previous = [...(await parts.events.byNids(tx, chosen)).values()];
  if (chosen.length === tips.length) return { head, tips, previous, root: head.state_root };
  const roots = previous.map(stored => stored.stateAfter);
  return { head, tips, previous, root: await resolveRoots(parts, tx, room, roots) };
}

/** All of a new event but what its sender's server adds when it signs: hashes and signatures. */
export async function proposal(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  { previous, root }: Pick<RoomTop, 'previous' | 'root'>,
  draft: Draft,
): Promise<JsonObject> {
  const subject = { type: draft.type, stateKey: draft.stateKey, sender: draft.sender, content: draft.content };
  const authEvents = await parts.state.events(db, room, root, authTypesFor(subject, room.version));
  return {
    ...draftFields(parts, draft, room.version),
    room_id: room.roomId,
    auth_events: references(authEvents, room.version),
    prev_events: references(previous, room.version),
    depth: Math.min(Math.max(0, ...previous.map(stored => stored.event.depth)) + 1, Number.MAX_SAFE_INTEGER),
  };
}

/** Rules that a sender of any power breaks with this content. */
const MALFORMED: ReadonlySet<string | undefined> = new Set([
  'levels.form',
  'levels.users',
  'levels.creator',
  'member.membership',
  'member.unknown',
]);

/** The error for a sender whose event is not allowed. */
export function refusal({ rule, reason }: Pick<Ingested, 'rule' | 'reason'>): MatrixError {
  const message = `You may not send this event: ${reason}.`;
  return MALFORMED.has(rule) ? new MatrixError('M_BAD_JSON', message) : forbidden(message);
}

/** State that says what is already said by the same sender is not said again. */
async function unchanged(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  root: number,
  draft: Draft,
): Promise<StoredEvent | undefined> {
  if (draft.stateKey === undefined) return undefined;
  const [current] = await parts.state.events(tx, room, root, [[draft.type, draft.stateKey]]);
  if (current === undefined || current.event.sender !== draft.sender || current.pos === undefined) return undefined;
  return canonical(current.event.content) === canonical(draft.content) ? current : undefined;
}

function canonical(content: Json): string {
  try {
    return canonicalJson(content);
  } catch (error) {
    if (error instanceof JsonError) throw new MatrixError('M_BAD_JSON', error.message, { cause: error });
    throw error;
  }
}

function draftFields(parts: RoomsParts, draft: Draft, version: RoomVersion): JsonObject {
  const redacts = draft.redacts;
  return {
    type: draft.type,
    sender: draft.sender,
    content: redacts !== undefined && version.redactsInContent ? { ...draft.content, redacts } : draft.content,
    origin_server_ts: draft.ts ?? parts.clock.now(),
    ...(draft.stateKey === undefined ? {} : { state_key: draft.stateKey }),
    ...(redacts === undefined || version.redactsInContent ? {} : { redacts }),
  };
}

/** As the format of the room version has them. */
export function references(events: readonly StoredEvent[], version: RoomVersion): Json[] {
  return events.map(({ event }) => (version.referencesArePairs ? [event.id, { sha256: hashOf(event) }] : event.id));
}

function hashOf(event: Event): string {
  const hash = event.pdu.hashes.sha256;
  return typeof hash === 'string' ? hash : '';
}

/** Signs the fields of an event and reads the result as if it came from outside, limits and all. */
export function make(parts: RoomsParts, version: RoomVersion, pdu: JsonObject): Event {
  const whole =
    version.eventIds === 'chosen'
      ? { ...pdu, event_id: `$${randomLetters(parts.random, 24)}:${parts.serverName}`, origin: parts.serverName }
      : pdu;
  try {
    return readEvent(
      signEvent(whole, version, parts.serverName, parts.signingKey, parts.crypto),
      version,
      parts.crypto,
    );
  } catch (error) {
    if (error instanceof JsonError) throw new MatrixError('M_BAD_JSON', error.message, { cause: error });
    if (error instanceof EventError) throw new MatrixError(error.errcode, error.reason, { cause: error });
    throw error;
  }
}

/** The create event of a new room, with what only it lacks: a room ID (from version 12 on), and anything before it. */
export function makeCreate(parts: RoomsParts, version: RoomVersion, sender: UserId, content: JsonObject): Event {
  const roomId = version.roomIdIsCreateHash
    ? {}
    : { room_id: `!${randomLetters(parts.random, 18)}:${parts.serverName}` };
  const draft: Draft = { type: 'm.room.create', sender, content, stateKey: '' };
  return make(parts, version, {
    ...draftFields(parts, draft, version),
    ...roomId,
    auth_events: [],
    prev_events: [],
    depth: 1,
  });
}
