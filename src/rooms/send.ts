import { namedLevel, userLevel } from '../core/auth/power-levels.ts';
import type { EventId, UserId } from '../core/ids.ts';
import { getString } from '../core/json.ts';
import { forbidden, invalidParam, MatrixError, notFound } from '../core/matrix-error.ts';
import type { Tx } from '../db/database.ts';
import { append, type Draft } from './append.ts';
import { checkCanonicalAlias } from './canonical-alias.ts';
import { requireIntegerLevels } from './integer-levels.ts';
import { checkMessageContent } from './message-content.ts';
import type { RoomsParts } from './parts.ts';
import { type Relation, relationOf, relationsTo } from './relations.table.ts';
import type { Room } from './room.ts';
import { roomHead } from './rooms.table.ts';
import { earlierAnswer, rememberAnswer, type TransactionKey } from './transactions.table.ts';
import { writeRoom } from './write-room.ts';

export type { TransactionKey } from './transactions.table.ts';

/**
 * Sends an event; the same transaction key gives the same event for ever. It is durable when this resolves.
 *
 * @throws MatrixError M_FORBIDDEN, M_TOO_LARGE, M_BAD_JSON, M_DUPLICATE_ANNOTATION
 */
export function sendEvent(
  parts: RoomsParts,
  room: Room,
  draft: Draft,
  key: TransactionKey | undefined,
): Promise<EventId> {
  return writeRoom(parts, room, async tx => {
    const earlier = key === undefined ? undefined : await earlierAnswer(tx, key);
    if (earlier !== undefined) return earlier as EventId;
    checkMessageContent(draft.type, draft.content);
    await checkRelation(parts, tx, room, draft);
    const stored = await append(parts, tx, room, draft);
    if (key !== undefined) await rememberAnswer(tx, key, stored.event.id, parts.clock.now());
    return stored.event.id;
  });
}

/**
 * Sets state that is no membership (for these see `setMembership`).
 *
 * @throws MatrixError as `sendEvent` and `requireIntegerLevels`, M_INVALID_PARAM and M_BAD_ALIAS for a canonical alias, M_INVALID_PARAM for a tombstone
 */
export async function sendState(
  parts: RoomsParts,
  room: Room,
  draft: Draft & { readonly stateKey: string },
): Promise<EventId> {
  if (draft.type === 'm.room.create') throw invalidParam('A room has one create event, its first.');
  requireIntegerLevels(room.version, draft);
  return writeRoom(parts, room, async tx => {
    if (draft.type === 'm.room.tombstone' && getString(draft.content, 'replacement_room') === room.roomId)
      throw invalidParam('A room cannot be replaced by itself.');
    if (draft.type === 'm.room.canonical_alias' && draft.stateKey === '') {
      const { state_root: root } = await roomHead(tx, room.nid);
      const before = await parts.state.event(tx, room, root, draft.type);
      await checkCanonicalAlias(parts, tx, room.roomId, draft.content, before?.content);
    }
    return (await append(parts, tx, room, draft)).event.id;
  });
}

export interface RedactionDraft extends Draft {
  readonly redacts: EventId;
  /** The sender is suspended and may redact own events only. */
  readonly ownOnly?: boolean;
}

/** Redacts an event: one's own, or anyone's with the power to (client-server API, "Redactions"). */
export function sendRedaction(
  parts: RoomsParts,
  room: Room,
  draft: RedactionDraft,
  key: TransactionKey | undefined,
): Promise<EventId> {
  return writeRoom(parts, room, async tx => {
    const earlier = key === undefined ? undefined : await earlierAnswer(tx, key);
    if (earlier !== undefined) return earlier as EventId;
    await checkRedaction(parts, tx, room, draft);
    const stored = await append(parts, tx, room, draft);
    if (key !== undefined) await rememberAnswer(tx, key, stored.event.id, parts.clock.now());
    return stored.event.id;
  });
}

async function checkRedaction(parts: RoomsParts, tx: Tx, room: Room, draft: RedactionDraft): Promise<void> {
  const target = await parts.events.inRoom(tx, room, draft.redacts);
  if (target === undefined && (await isElsewhere(parts, tx, room, draft.redacts)))
    throw invalidParam('The event to redact is in another room.');
  if (target?.event.type === 'm.room.create') throw forbidden('The create event cannot be redacted.');
  if (target?.event.type === 'm.room.server_acl')
    throw forbidden('A server ACL cannot be redacted: it would come undone.');
  if (target?.event.sender === draft.sender) return;
  if (draft.ownOnly === true) throw new MatrixError('M_USER_SUSPENDED', 'Your account is suspended.');
  const mayRedact = await hasPowerToRedact(parts, tx, room, draft.sender);
  // Others may have an event that did not come here, and who may redact all events may redact that one.
  if (target === undefined && !mayRedact) throw notFound('The event to redact is not in this room.');
  if (!mayRedact) throw forbidden('You may not redact the events of others in this room.');
}

async function isElsewhere(parts: RoomsParts, tx: Tx, room: Room, id: EventId): Promise<boolean> {
  const stored = await parts.events.byId(tx, id);
  return stored !== undefined && stored.roomNid !== room.nid;
}

async function hasPowerToRedact(parts: RoomsParts, tx: Tx, room: Room, sender: UserId): Promise<boolean> {
  const { state_root: root } = await roomHead(tx, room.nid);
  const state = await parts.state.lookup(tx, room, root, [
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
  ]);
  return userLevel(state, sender) >= namedLevel(state, 'redact');
}

/** What a relation of a new event must keep to. Relations to what we do not know are let through: it may come later. */
async function checkRelation(parts: RoomsParts, tx: Tx, room: Room, draft: Draft): Promise<void> {
  const relation = relationOf(draft.content);
  if (relation?.relType === 'm.annotation') await refuseDuplicateAnnotation(parts, tx, room, draft, relation);
  if (relation?.relType === 'm.thread') await refuseNestedThread(parts, tx, room, relation);
}

/** A user reacts to an event with the same key once (client-server API, "Annotating events"). */
async function refuseDuplicateAnnotation(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  draft: Draft,
  relation: Relation,
): Promise<void> {
  if (relation.key === null) throw invalidParam('An annotation needs a key.');
  const senderNid = await parts.nids.users.findOne(tx, draft.sender);
  const typeNid = await parts.nids.types.findOne(tx, draft.type);
  if (senderNid === undefined || typeNid === undefined) return;
  const range = { direction: 'f' as const, after: Number.MIN_SAFE_INTEGER, upTo: Number.MAX_SAFE_INTEGER };
  const filter = { relType: 'm.annotation', typeNid, senderNid, key: relation.key };
  const same = await relationsTo(tx, room.nid, relation.target, filter, range, 1);
  if (same.length > 0) throw new MatrixError('M_DUPLICATE_ANNOTATION', 'You have already reacted with this.');
}

/** What is related to an event itself is no root of a thread ("Validation of m.thread relationships"). */
async function refuseNestedThread(parts: RoomsParts, tx: Tx, room: Room, relation: Relation): Promise<void> {
  const root = await parts.events.inRoom(tx, room, relation.target);
  if (root === undefined || relationOf(root.event.content) === undefined) return;
  throw new MatrixError('M_UNKNOWN', 'A thread cannot start from an event that is related to another one.', {
    status: 400,
  });
}
