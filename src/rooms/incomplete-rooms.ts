import { sleep } from '../base/clock.ts';
import type { ServerName } from '../core/ids.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { addIncomplete, isIncomplete } from './incomplete-rooms.table.ts';
import type { RoomsParts } from './parts.ts';
import type { Room, StoredEvent } from './room.ts';
import { addServersTold } from './room-domains.table.ts';

/** The bus subject on which it is told that a room's members are all known now: its ID. */
export const WHOLE_SUBJECT = 'room-whole';

/** Hints can be lost: then it is looked again. */
const LOOK_AGAIN_MS = 5000;
const LONGEST_WAIT_MS = 60_000;

/**
 * We are in a room without all of its members. The servers that it is told to be on count as in it, so that they get
 * our events and may ask us, until the members say so themselves.
 */
export async function markIncomplete(
  parts: RoomsParts,
  tx: Tx,
  room: Room,
  join: StoredEvent,
  servers: readonly ServerName[],
): Promise<void> {
  await addIncomplete(tx, { roomNid: room.nid, joinNid: join.nid, servers, now: parts.clock.now() });
  const others = servers.filter(server => server !== parts.serverName);
  const nids = await parts.nids.domains.intern(tx, others);
  await addServersTold(tx, room.nid, [...nids.values()]);
}

/** Whether members are still to come: what is said of who is in the room would be wrong. */
export function lacksMembers(db: Queryable, room: Room): Promise<boolean> {
  return isIncomplete(db, room.nid);
}

/**
 * Waits until the members of a room are all known.
 * @throws MatrixError M_UNKNOWN (503) when `signal` aborts before, or it takes too long
 */
export async function untilWhole(parts: RoomsParts, room: Room, signal: AbortSignal): Promise<void> {
  if (await becomesWhole(parts, room, LONGEST_WAIT_MS, signal)) return;
  const progress = parts.memberships?.progressOf(room.roomId);
  const coming = 'The members of the room are still coming';
  throw new MatrixError('M_UNKNOWN', progress === undefined ? `${coming}.` : `${coming}: this server ${progress}.`, {
    status: 503,
    fields: { retry_after_ms: LOOK_AGAIN_MS },
  });
}

/** Waits for a while. Answers whether the members are all known then. */
export async function becomesWhole(
  parts: RoomsParts,
  room: Room,
  longestMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const end = parts.clock.monotonic() + longestMs;
  while (await lacksMembers(parts.db, room)) {
    if (signal?.aborted === true || parts.clock.monotonic() >= end) return false;
    await nextHint(parts, room, signal);
  }
  return true;
}

async function nextHint({ bus, clock }: RoomsParts, { roomId }: Room, signal?: AbortSignal): Promise<void> {
  const over = new AbortController();
  using _ = bus.subscribe(WHOLE_SUBJECT, told => {
    if (told === roomId) over.abort();
  });
  await sleep(clock, LOOK_AGAIN_MS, signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]));
}
