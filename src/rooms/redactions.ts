import { redactionApplies } from '../core/auth/power-levels.ts';
import { type Event, redactedEvent, redactsOf } from '../core/event.ts';
import { canonicalText } from '../core/hashes.ts';
import type { EventId, UserId } from '../core/ids.ts';
import type { Tx } from '../db/database.ts';
import { overwriteEvent } from './events.table.ts';
import { forgetMemberProfile } from './members.table.ts';
import type { RoomsParts } from './parts.ts';
import { addRedaction, redactionsOf } from './redactions.table.ts';
import { deleteRelations, relationOf } from './relations.table.ts';
import { REDACTED, type Room, type StoredEvent } from './room.ts';
import { forgetRedactedFacts } from './room-facts.ts';

/**
 * A new event may redact another one, or may have been redacted by one that came before it (room version 3,
 * "Handling redactions": a redaction takes effect once both are there and the check passes).
 */
export async function applyRedactions(parts: RoomsParts, tx: Tx, room: Room, stored: StoredEvent): Promise<void> {
  const target = redactsOf(stored.event);
  if (target !== undefined) {
    await addRedaction(tx, room.nid, target, stored.nid);
    const known = await parts.events.inRoom(tx, room, target);
    if (known !== undefined) await redactOne(parts, tx, room, stored, known);
  }
  // Our own events are new to everyone: nobody can have redacted them before.
  if (stored.event.sender.endsWith(`:${parts.serverName}`)) return;
  await applyEarlier(parts, tx, room, stored);
}

async function applyEarlier(parts: RoomsParts, tx: Tx, room: Room, stored: StoredEvent): Promise<void> {
  const nids = await redactionsOf(tx, room.nid, [stored.event.id]);
  const redactions = await parts.events.byNids(
    tx,
    nids.map(row => row.event_nid),
  );
  for (const redaction of redactions.values()) {
    if (await redactOne(parts, tx, room, redaction, stored)) return;
  }
}

async function redactOne(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  redaction: StoredEvent,
  target: StoredEvent,
): Promise<boolean> {
  if ((target.flags & REDACTED) !== 0) return false;
  const pairs: [string, string][] = [
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
  ];
  const state = await parts.state.lookup(tx, room, redaction.stateBefore, pairs);
  if (!redactionApplies(redaction.event, target.event, state)) return false;
  await deleteRelations(tx, room.nid, relationTarget(target.event), target.nid);
  const redacted = redactedEvent(target.event);
  await overwriteEvent(tx, target.nid, canonicalText(redacted.pdu, room.version), REDACTED);
  await forgetRedactedFacts(parts, tx, room, target, redacted);
  if (redacted.type === 'm.room.member') await forgetProfile(parts, tx, target);
  parts.events.forgetAtCommit(tx, [target.nid]);
  return true;
}

async function forgetProfile(parts: RoomsParts, tx: Tx, { nid, roomNid, event }: StoredEvent): Promise<void> {
  const userNid = await parts.nids.users.findOne(tx, event.stateKey as UserId);
  if (userNid !== undefined) await forgetMemberProfile(tx, roomNid, userNid, nid);
}

function relationTarget(event: Event): EventId | undefined {
  return relationOf(event.content)?.target;
}
