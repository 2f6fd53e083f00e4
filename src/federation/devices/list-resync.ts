import { type Clock, sleep } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Bus } from '../../bus/bus.ts';
import type { ServerName } from '../../core/ids.ts';
import type { Database } from '../../db/database.ts';
import { RefusedError, UnreachableError } from '../transport/errors.ts';
import { type DeviceServer, forgetServer, nextServerDue } from './device-server.table.ts';
import { USERS_A_QUERY } from './list-requests.ts';
import { LISTS_WANTED_SUBJECT, type ListServers } from './list-servers.ts';
import { type NeighbourParts, neighbours } from './neighbours.ts';
import { deleteLists, wantedOf } from './remote-device-list.table.ts';
import type { RemoteLists } from './remote-lists.ts';

export interface ListResyncParts extends NeighbourParts {
  readonly db: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly lists: Pick<RemoteLists, 'refresh'>;
  readonly servers: Pick<ListServers, 'due'>;
}

/** Servers that are asked at once. */
const MOST_AT_ONCE = 8;
/** It is looked for servers that are due this often even when no hint comes. */
const POLL_MS = 60_000;
const SHORTEST_PAUSE_MS = 50;
const AFTER_FAILURE_MS = 10_000;

/**
 * Asks servers for the device lists that are wanted without anybody waiting for them. Everything it needs to know is in
 * the database; one process of a cluster runs it at a time.
 */
export class ListResync {
  readonly #parts: ListResyncParts;
  readonly #running = new Map<number, Promise<void>>();
  #hint = new AbortController();

  constructor(parts: ListResyncParts) {
    this.#parts = parts;
  }

  /** Runs until `signal` aborts, and then until what is under way has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const { bus, clock } = this.#parts;
    using _subscription = bus.subscribe(LISTS_WANTED_SUBJECT, () => this.#hint.abort());
    using _missed = bus.missed(() => this.#hint.abort());
    while (!signal.aborted) {
      this.#hint = new AbortController();
      const pause = await this.#round(signal);
      await sleep(clock, pause, AbortSignal.any([signal, this.#hint.signal]));
      if (this.#hint.signal.aborted) await sleep(clock, SHORTEST_PAUSE_MS, signal);
    }
    await this.drain();
  }

  /** Resolves when no server is asked any more. */
  async drain(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  /** Starts what is due; answers after how many milliseconds to look again. Never rejects. */
  async #round(signal: AbortSignal): Promise<number> {
    const { db, clock, log } = this.#parts;
    try {
      await this.startDue(signal);
      const now = clock.now();
      const next = await nextServerDue(db, now);
      return next === undefined ? POLL_MS : Math.min(Math.max(next - now, SHORTEST_PAUSE_MS), POLL_MS);
    } catch (error) {
      log.warn('Device lists that are wanted cannot be looked for; trying again.', { err: error });
      return AFTER_FAILURE_MS;
    }
  }

  /** Begins to ask servers that are due, as far as there is room. */
  async startDue(signal: AbortSignal): Promise<void> {
    const { servers, clock, log } = this.#parts;
    const due = await servers.due(MOST_AT_ONCE + this.#running.size);
    for (const server of due) {
      if (this.#running.size >= MOST_AT_ONCE) return;
      if (this.#running.has(server.domain_nid)) continue;
      const done = this.#serve(server)
        .catch(async (error: unknown) => {
          if (signal.aborted) return;
          log.error('Device lists that are wanted could not be had; trying again.', { err: error });
          await sleep(clock, AFTER_FAILURE_MS, signal);
        })
        .finally(() => {
          this.#running.delete(server.domain_nid);
          this.#hint.abort();
        });
      this.#running.set(server.domain_nid, done);
    }
  }

  async #serve({ domain_nid: domainNid }: DeviceServer): Promise<void> {
    const { db, nids } = this.#parts;
    const wanted = await wantedOf(db, domainNid, USERS_A_QUERY);
    const names = await nids.users.names(db, wanted);
    const owners = await neighbours(this.#parts, db, [...names.values()]);
    const left = wanted.filter(userNid => !owners.has(names.get(userNid)!));
    if (owners.size === 0 || left.length > 0) {
      await db.tx(async tx => {
        await deleteLists(tx, left);
        if (owners.size === 0 && wanted.length < USERS_A_QUERY) await forgetServer(tx, domainNid);
      });
    }
    if (owners.size > 0) await this.#ask(await nids.domains.name(db, domainNid), owners);
  }

  /** A failure has been noted by `refresh`, with the time of the next try. */
  async #ask(server: ServerName, owners: Parameters<RemoteLists['refresh']>[1]): Promise<void> {
    try {
      await this.#parts.lists.refresh(server, owners);
    } catch (error) {
      if (!(error instanceof UnreachableError || error instanceof RefusedError)) throw error;
    }
  }
}
