import type { LogToken } from '../rooms/log-token.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import { userPos } from '../rooms/user-log.table.ts';
import { DevicePlaces } from './device-places.ts';
import { LogHeads } from './log-heads.ts';
import type { Presence } from './presence/presence.ts';
import { RoomReads } from './room-reads.ts';
import type { Typing } from './typing.ts';
import { userLogMoved } from './window.ts';

/** Where the logs end now, and what is read of them for many at once: the same for every way of syncing. */
export class LogView implements Disposable {
  readonly reads: RoomReads;
  readonly devices: DevicePlaces;
  readonly #parts: RoomsParts;
  readonly #typing: Typing;
  readonly #presence: Presence | undefined;
  readonly #heads: LogHeads;

  constructor(parts: {
    readonly rooms: RoomsParts;
    readonly typing: Typing;
    readonly presence?: Presence | undefined;
  }) {
    this.reads = new RoomReads(parts.rooms.budget);
    this.devices = new DevicePlaces(parts.rooms);
    this.#parts = parts.rooms;
    this.#typing = parts.typing;
    this.#presence = parts.presence;
    this.#heads = new LogHeads(parts.rooms);
  }

  /**
   * The end of all logs for a user, at least as far as `since` where that is not made up. The user's is read first: what
   * it answers to in a room's log is in the answer, too.
   */
  async now(userNid: number, since: LogToken | undefined): Promise<LogToken> {
    const typing = this.#typing.token;
    const user = await userPos(this.#parts.db, userNid);
    const presence = this.#presence?.token;
    await this.#heads.refresh(since?.shards, user !== since?.user);
    return { shards: this.#heads.positions, user, typing, presence };
  }

  /** Nothing at all has happened on this server that the client has not seen: the rule while many wait. */
  isQuiet(since: LogToken, now: LogToken): boolean {
    return (
      !userLogMoved({ since, now }) &&
      since.shards.every((pos, shard) => pos === now.shards[shard]) &&
      this.#typing.changedSince(since.typing).length === 0 &&
      this.#presence?.movedSince(since.presence) !== true
    );
  }

  /** See `LogHeads.roomsBetween`. */
  roomsBetween(since: readonly number[], now: readonly number[]): ReadonlySet<number> | undefined {
    return this.#heads.roomsBetween(since, now);
  }

  [Symbol.dispose](): void {
    this.#heads[Symbol.dispose]();
  }
}
