import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { domainOf, type ServerName } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Database } from '../../db/database.ts';
import { serversOfUser } from '../../rooms/room-domains.table.ts';
import type { RoomStore } from '../../rooms/store.ts';
import type { Ephemeral } from './ephemeral.ts';

export interface OutgoingPresenceParts {
  readonly db: Database;
  readonly store: RoomStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly ephemeral: Ephemeral;
  readonly sender: { wake(domainNids: Iterable<number>): void; isFailing(domainNid: number): boolean };
  /** Whether this process is the one that sends to a server: all of them know of presence. */
  readonly owns: (domainNid: number) => boolean;
  /** The content of a user's presence event as it is now. */
  readonly contentOf: (userNid: number) => Promise<JsonObject>;
}

/** The first change goes out at once; then those of so long together, the last of each user. */
const GATHER_MS = 3000;
/** Users whose changes are gathered; what comes then goes out with their next change. */
const MOST_GATHERED = 5000;

/** Tells other servers how our users are (server-server API, "Presence"). */
export class OutgoingPresence implements Disposable {
  readonly #parts: OutgoingPresenceParts;
  #changed = new Set<number>();
  #timer: Timer | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(parts: OutgoingPresenceParts) {
    this.#parts = parts;
  }

  /** Users of other servers are passed over. */
  changed(userNids: Iterable<number>): void {
    for (const nid of userNids) if (this.#changed.size < MOST_GATHERED) this.#changed.add(nid);
    const { clock } = this.#parts;
    const wait = Math.max(0, this.#toldAt + GATHER_MS - clock.monotonic());
    this.#timer ??= clock.after(wait, () => void this.#tell());
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#changed.clear();
  }

  /** Never rejects. */
  async #tell(): Promise<void> {
    this.#timer = undefined;
    this.#toldAt = this.#parts.clock.monotonic();
    const userNids = this.#changed;
    this.#changed = new Set();
    try {
      for (const userNid of userNids) await this.#tellOf(userNid);
    } catch (error) {
      this.#parts.log.debug('Other servers are not told of changes of presence.', { err: error });
    }
  }

  async #tellOf(userNid: number): Promise<void> {
    const { db, store, serverName, ephemeral, sender, owns, contentOf } = this.#parts;
    const userId = (await store.nids.users.names(db, [userNid])).get(userNid);
    if (userId === undefined || domainOf(userId) !== serverName) return;
    const own = await store.nids.domains.findOne(db, serverName);
    const servers = (await serversOfUser(db, userNid)).filter(
      nid => nid !== own && owns(nid) && !sender.isFailing(nid),
    );
    if (servers.length === 0) return;
    ephemeral.addPresence(servers, userId, await contentOf(userNid));
    sender.wake(servers);
  }
}
