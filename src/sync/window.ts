import type { RoomId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { ClientView } from '../rooms/event-format.ts';
import type { LogToken } from '../rooms/log-token.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { Room } from '../rooms/room.ts';
import type { RoomReads, RoomStretch } from './room-reads.ts';
import type { SentMembers, Told } from './sent-members.ts';
import type { SyncSources } from './sources.ts';
import type { SyncFilter } from './sync-filter.ts';
import type { Typing } from './typing.ts';

/**
 * Under which name a room's state is given. `state` is that before the timeline, the others are that at the end of it, by the
 * name under which it was asked for: clients that ask by the name of the proposal (MSC4222) look for it under that one alone.
 */
export type StateName = 'state' | 'state_after' | 'org.matrix.msc4222.state_after';

/** Who looks at the logs, and the stretch of them that is looked at (`since` exclusive, `now` inclusive). */
export interface LogWindow {
  readonly parts: RoomsParts;
  readonly sources: SyncSources;
  readonly typing: Typing;
  readonly reads: RoomReads;
  readonly view: ClientView;
  readonly since: LogToken | undefined;
  readonly now: LogToken;
  /** The rooms of the server whose log has entries in the stretch, where that is known without asking the database. */
  readonly busyRooms?: ReadonlySet<number> | undefined;
  /** Users whose events the viewer does not want to see. */
  readonly ignored: ReadonlySet<string>;
}

/** State of joined rooms that is read while it is written, by room: its events as the client gets them. */
export type LateState = Map<RoomId, AsyncIterable<JsonObject>>;

/** One `/sync`. */
export interface SyncWindow extends LogWindow {
  /** Where the state of large rooms goes that would not be held as a whole; undefined: it is a part of the answer. */
  readonly late?: LateState | undefined;
  /** Of members that are loaded lazily. */
  readonly lazyMembers: SentMembers;
  readonly filter: SyncFilter;
  readonly fullState: boolean;
  readonly stateName: StateName;
}

/** Whether the state at the end of the timeline is given, and not that before it. */
export function isStateAfter({ stateName }: Pick<SyncWindow, 'stateName'>): boolean {
  return stateName !== 'state';
}

/** The stretch of one shard's log. */
export function stretch(window: Pick<LogWindow, 'since' | 'now'>, shard: number): { after: number; upTo: number } {
  return { after: window.since?.shards[shard] ?? 0, upTo: window.now.shards[shard] ?? 0 };
}

/** The same of one room of it. */
export function roomStretch(window: Pick<LogWindow, 'since' | 'now'>, room: Room): RoomStretch {
  return { roomNid: room.nid, ...stretch(window, room.shard) };
}

/** The answer in which a device is told of a room. */
export function toldOf(window: Pick<LogWindow, 'view' | 'since' | 'now'>, room: Room): Told {
  const { after: from, upTo } = stretch(window, room.shard);
  const { userNid, deviceId = '' } = window.view;
  return { connection: `${userNid}/${deviceId}`, roomNid: room.nid, from, upTo };
}

/**
 * Whether the user's log may have anything for this sync. Where its position is the one that the client has, nothing
 * that is read from it need be asked for: every row of it is written under a position taken in the same transaction.
 */
export function userLogMoved({ since, now }: Pick<LogWindow, 'since' | 'now'>): boolean {
  return since === undefined || now.user !== since.user;
}

/** Whether a token is from a database that was put back to an earlier day since, or made up. */
export function isAhead(since: LogToken, now: LogToken): boolean {
  return since.user > now.user || since.shards.some((pos, shard) => pos > (now.shards[shard] ?? 0));
}
