import type { Clock } from '../../base/clock.ts';
import type { UserId } from '../../core/ids.ts';
import type { Tx } from '../../db/database.ts';
import { lastDeviceChanges } from '../../keys/device-list.table.ts';
import type { Nids } from '../../rooms/nids.table.ts';
import type { Room } from '../../rooms/room.ts';
import { type NewList, queueListFor, queueListForNew, recentlyChangedIn } from './outbound-device-list.table.ts';

export interface IntroductionParts {
  readonly nids: Nids;
  readonly clock: Clock;
  /** Our own server. */
  readonly own: number;
}

/** A join reaches us at most so long before its time, as far as we believe it, and clocks differ by so much. */
const LONGEST_WAY_MS = 7 * 24 * 60 * 60_000;
const CLOCK_DIFFERENCE_MS = 60 * 60_000;
/** Those beyond are found out of date when they change next. */
const MOST_MEMBERS = 500;

/**
 * A local user has joined a room: its servers that share no other room with the user are sent the user's device list
 * (server-server API, "Device Management"). Answers their numbers.
 */
export async function introduceUser(
  { nids, clock, own }: IntroductionParts,
  tx: Tx,
  room: Room,
  user: UserId,
): Promise<number[]> {
  const userNid = await nids.users.findOne(tx, user);
  const list = userNid === undefined ? undefined : await lastChange(tx, userNid, clock.now());
  return list === undefined ? [] : queueListForNew(tx, own, room.nid, list);
}

/**
 * A server has come into a room. It may have asked for device lists before we knew that it is there: those that changed
 * about then are sent again. Answers its number, if any.
 */
export async function introduceMembers(
  { clock, own }: IntroductionParts,
  tx: Tx,
  room: Room,
  domainNid: number,
  joinedTs: number,
): Promise<number[]> {
  const now = clock.now();
  const since = Math.min(Math.max(joinedTs, now - LONGEST_WAY_MS), now) - CLOCK_DIFFERENCE_MS;
  const members = await recentlyChangedIn(tx, room.nid, own, since, MOST_MEMBERS);
  for (const userNid of members) {
    const list = await lastChange(tx, userNid, now);
    if (list !== undefined) await queueListFor(tx, domainNid, list);
  }
  return members.length > 0 ? [domainNid] : [];
}

/** The last change alone: who does not know the one before asks for the whole list. */
async function lastChange(tx: Tx, userNid: number, since: number): Promise<NewList | undefined> {
  const [last, previous] = await lastDeviceChanges(tx, userNid);
  if (last === undefined) return undefined;
  return { userNid, from: last.stream_id, to: last.stream_id, previous: previous?.stream_id ?? null, since };
}
