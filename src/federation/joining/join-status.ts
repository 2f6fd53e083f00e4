import type { Clock } from '../../base/clock.ts';
import type { RoomId } from '../../core/ids.ts';
import type { Queryable } from '../../db/database.ts';
import { incompleteRooms } from '../../rooms/incomplete-rooms.table.ts';
import type { RoomRegistry } from '../../rooms/room-registry.ts';
import { countAwaitedRooms } from './awaited-event.table.ts';
import type { JoinProgress, JoinStatus } from './join-progress.ts';

/** A room that we are in while members, or other parts of its state, are still to come. */
export interface UnfinishedRoom {
  readonly roomId: RoomId;
  /** Whether its members are not known yet; else single events are waited for. */
  readonly lacksMembers: boolean;
  /** Events that came and cannot be checked yet. */
  readonly awaited: number;
  /** Tries in vain, and what came of the last. */
  readonly tries: number;
  readonly problem: string | undefined;
}

/** Joins that go on, and what is left to be done of others. */
export interface JoinsStatus {
  readonly running: readonly JoinStatus[];
  readonly unfinished: readonly UnfinishedRoom[];
}

interface Parts {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly rooms: RoomRegistry;
}

const MOST_ROOMS = 20;

export async function joinsStatus({ db, rooms }: Parts, progress: JoinProgress): Promise<JoinsStatus> {
  const lacking = new Map((await incompleteRooms(db)).map(row => [row.room_nid, row]));
  const awaited = await countAwaitedRooms(db, MOST_ROOMS);
  const nids = [...new Set([...lacking.keys(), ...awaited.keys()])].slice(0, MOST_ROOMS);
  const known = await rooms.byNids(db, nids);
  const unfinished = [...known.values()].map(({ nid, roomId }) => ({
    roomId,
    lacksMembers: lacking.has(nid),
    awaited: awaited.get(nid) ?? 0,
    tries: lacking.get(nid)?.tries ?? 0,
    problem: lacking.get(nid)?.problem ?? undefined,
  }));
  return { running: progress.list, unfinished };
}
