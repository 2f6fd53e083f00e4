import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { domainOf, type ServerName, type UserId } from '../../core/ids.ts';
import type { Database } from '../../db/database.ts';
import { serversIn } from '../../rooms/room-domains.table.ts';
import type { RoomStore } from '../../rooms/store.ts';
import type { Ephemeral } from './ephemeral.ts';

export interface OutgoingTypingParts {
  readonly db: Database;
  readonly store: RoomStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly ephemeral: Ephemeral;
  readonly sender: { wake(domainNids: Iterable<number>): void; isFailing(domainNid: number): boolean };
  /** Whether this process is the one that sends to a server: all of them know who types. */
  readonly owns: (domainNid: number) => boolean;
}

/** Receivers forget after a minute who types, unless they are told again. */
const REPEAT_MS = 40_000;
/** In rooms with more servers than this, each notice would cost more than all that is said there. */
const MOST_SERVERS = 500;
/** Users who type and are told of again. */
const MOST_TYPING = 5000;

interface Typist {
  readonly roomNid: number;
  readonly userId: UserId;
}

/** Tells other servers which of our users type (server-server API, "Typing Notifications"). */
export class OutgoingTyping implements Disposable {
  readonly #parts: OutgoingTypingParts;
  readonly #typists = new Map<string, Typist>();
  #repeat: Timer | undefined;

  constructor(parts: OutgoingTypingParts) {
    this.#parts = parts;
  }

  /** A user has begun to type, or stopped; users of other servers are passed over. */
  changed(roomNid: number, userId: UserId, isTyping: boolean): void {
    if (domainOf(userId) !== this.#parts.serverName) return;
    const key = `${roomNid} ${userId}`;
    if (!isTyping) this.#typists.delete(key);
    else if (this.#typists.size < MOST_TYPING) this.#typists.set(key, { roomNid, userId });
    this.#repeat ??= this.#parts.clock.after(REPEAT_MS, () => this.#repeatAll());
    void this.#tell({ roomNid, userId }, isTyping);
  }

  [Symbol.dispose](): void {
    this.#repeat?.cancel();
    this.#typists.clear();
  }

  #repeatAll(): void {
    const isAnybody = this.#typists.size > 0;
    this.#repeat = isAnybody ? this.#parts.clock.after(REPEAT_MS, () => this.#repeatAll()) : undefined;
    for (const typist of this.#typists.values()) void this.#tell(typist, true);
  }

  /** Never rejects. */
  async #tell({ roomNid, userId }: Typist, isTyping: boolean): Promise<void> {
    const { db, store, serverName, ephemeral, sender, owns, log } = this.#parts;
    try {
      const own = await store.nids.domains.findOne(db, serverName);
      const others = (await serversIn(db, roomNid)).filter(nid => nid !== own && !sender.isFailing(nid));
      const room = (await store.rooms.byNids(db, [roomNid])).get(roomNid);
      if (room === undefined || others.length > MOST_SERVERS) return;
      const servers = others.filter(owns);
      ephemeral.addTyping(servers, room.roomId, userId, isTyping);
      sender.wake(servers);
    } catch (error) {
      log.debug('Other servers are not told that somebody types.', { err: error });
    }
  }
}
