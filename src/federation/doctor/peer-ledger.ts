import type { Budget } from '../../base/budget.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import type { Clock } from '../../base/clock.ts';
import type { ServerName } from '../../core/ids.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import { parseXMatrixHeaders } from '../../core/xmatrix.ts';
import type { AuthenticateServer, IncomingServerRequest } from '../inbound/request-authentication.ts';

export interface RefusedRequest {
  readonly at: number;
  readonly request: string;
  readonly reason: string;
}

/** What is remembered of requests in the name of a server. */
export interface PeerRecord {
  readonly requests: number;
  readonly heardAt: number | undefined;
  /** The last few that were not believed. */
  readonly refused: readonly RefusedRequest[];
  /** Rooms of it that our users could not come into, for their version. */
  readonly unknownVersions: readonly UnknownVersion[];
}

export interface UnknownVersion {
  readonly at: number;
  /** `a join`, `an invite`. */
  readonly what: string;
  readonly roomId: string;
  readonly version: string | null;
}

const NOTHING: PeerRecord = { requests: 0, heardAt: undefined, refused: [], unknownVersions: [] };

const MOST_REFUSED = 5;
const LONGEST_TEXT = 300;
const DAY_MS = 86_400_000;

/**
 * Who has talked to us since the start, and whom we did not believe: no database is asked, since every request of every
 * server passes here. Servers that were heard longest ago are forgotten first.
 */
export class PeerLedger {
  readonly startedAt: number;
  readonly #clock: Clock;
  readonly #records: ByteCache<PeerRecord>;

  constructor({ clock, budget }: { readonly clock: Clock; readonly budget: Budget }) {
    this.#clock = clock;
    this.startedAt = clock.now();
    this.#records = new ByteCache({
      name: 'peer_ledger',
      budget,
      weight: 2,
      sizeOf: ({ refused, unknownVersions }) =>
        200 + (refused.length + unknownVersions.length) * (120 + 4 * LONGEST_TEXT),
    });
  }

  of(server: string): PeerRecord | undefined {
    return this.#records.get(server);
  }

  /** Servers heard within a day, and the moment of the last of them. */
  heard(): { readonly servers: number; readonly at: number | undefined } {
    const since = this.#clock.now() - DAY_MS;
    return { servers: [...this.#recent].filter(([, at]) => at > since).length, at: this.#lastHeard };
  }
  readonly #recent = new Map<string, number>();
  #lastHeard: number | undefined;

  /** Notes what is found out about each request. */
  noting(authenticate: AuthenticateServer): AuthenticateServer {
    return async request => {
      try {
        const origin = await authenticate(request);
        this.#heard(origin);
        return origin;
      } catch (error) {
        if (error instanceof MatrixError) this.#refused(request, error.message);
        throw error;
      }
    };
  }

  /** A user of ours could not come into a room that a server led to. */
  noteVersion(server: ServerName, { what, roomId, version }: Omit<UnknownVersion, 'at'>): void {
    const record = this.#records.get(server) ?? NOTHING;
    const short = (text: string) => text.slice(0, LONGEST_TEXT);
    const entry = {
      at: this.#clock.now(),
      what,
      roomId: short(roomId),
      version: version === null ? null : short(version),
    };
    const others = record.unknownVersions.filter(each => each.roomId !== entry.roomId || each.what !== what);
    this.#records.set(server, { ...record, unknownVersions: [...others, entry].slice(-MOST_REFUSED) });
  }

  #heard(server: ServerName): void {
    const now = this.#clock.now();
    const record = this.#records.get(server) ?? NOTHING;
    this.#records.set(server, { ...record, requests: record.requests + 1, heardAt: now });
    this.#lastHeard = now;
    this.#remember(server, now);
  }

  #remember(server: string, now: number): void {
    this.#recent.delete(server);
    this.#recent.set(server, now);
    if (this.#recent.size <= MOST_RECENT) return;
    const [oldest] = this.#recent.keys();
    if (oldest !== undefined) this.#recent.delete(oldest);
  }

  /** Whose name it was in is only what the request says: strangers can push others out, and no more. */
  #refused({ method, target, authorization }: IncomingServerRequest, reason: string): void {
    const origin = parseXMatrixHeaders(authorization)?.[0]?.origin;
    if (origin === undefined) return;
    const record = this.#records.get(origin) ?? NOTHING;
    const request = `${method} ${target}`.slice(0, LONGEST_TEXT);
    const refused = [...record.refused, { at: this.#clock.now(), request, reason: reason.slice(0, LONGEST_TEXT) }];
    this.#records.set(origin, { ...record, refused: refused.slice(-MOST_REFUSED) });
  }
}

/** About 100 bytes each. */
const MOST_RECENT = 5000;
