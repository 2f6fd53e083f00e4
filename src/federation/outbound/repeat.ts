import { ownEvents } from '../../rooms/events.table.ts';
import { LOG_EVENT } from '../../rooms/room-log.table.ts';
import { type CollectParts, HELD_PER_BYTE, queuedObjects, type Wanted } from './collect.ts';
import { MOST_PDUS } from './draft.ts';
import type { Pending } from './moves.ts';
import { Parcel } from './parcel.ts';
import { readEvents } from './read-events.ts';

/** A transaction as it was sent before, whoever sent it. */
export async function repeat(
  parts: CollectParts,
  { server }: Pick<Wanted, 'server'>,
  pending: Pending,
  signal: AbortSignal,
): Promise<Parcel> {
  const { db, account } = parts;
  const { moves, made, fleeting, bytes } = pending;
  using held = new DisposableStack();
  held.use(await account.reserve(bytes * HELD_PER_BYTE, signal));
  const nids: number[] = [];
  for (const { roomNid, kind, from, upTo: to } of moves.ranges)
    if (kind === LOG_EVENT) nids.push(...(await ownEvents(db, roomNid, { from, to }, MOST_PDUS)).map(({ nid }) => nid));
  const events = await readEvents(parts, nids, server);
  const queued = await queuedObjects(db, moves.edus);
  return new Parcel({ events, made, queued, fleeting, moves, bytes, isBehind: false, isAll: false, held: held.move() });
}
