import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { type Random, randomToken } from '../../base/random.ts';
import { MatrixError, notFound } from '../../core/matrix-error.ts';
import type { Database, Tx } from '../../db/database.ts';
import {
  countRendezvous,
  deleteRendezvous,
  deleteRendezvousExpired,
  findRendezvous,
  insertRendezvous,
  lockRendezvous,
  type RendezvousRow,
  replaceRendezvous,
} from './rendezvous.table.ts';

export interface RendezvousParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  /** How many there may be at a time; `MOST_SESSIONS` unless said. */
  readonly most?: number;
}

/** What one device has left for the other. */
export interface LeftMessage {
  readonly id: string;
  readonly data: Uint8Array;
  /** Names the data, as an `ETag` does. */
  readonly tag: string;
  readonly changedTs: number;
  readonly expiresTs: number;
}

/** The largest message, in bytes. */
export const LARGEST_MESSAGE = 4096;
/** As long as it takes to scan a code and to say yes; clients make another code when it is over. */
const SESSION_MS = 2 * 60_000;
/** With the largest messages 8 MiB. */
const MOST_SESSIONS = 2000;

/**
 * Rendezvous sessions (MSC4108): two devices, of which the new one has no token yet, leave messages for each other in one
 * place, encrypted between them by what the QR code says. Each message replaces the last one that its sender has read.
 */
export class Rendezvous {
  readonly #parts: RendezvousParts;

  constructor(parts: RendezvousParts) {
    this.#parts = parts;
  }

  /** @throws MatrixError M_LIMIT_EXCEEDED when there are too many */
  begin(data: Uint8Array): Promise<LeftMessage> {
    const { db, clock, random, most = MOST_SESSIONS } = this.#parts;
    const now = clock.now();
    const row = { id: randomToken(random, 18), data, changed_ts: now, expires_ts: now + SESSION_MS };
    return db.tx(async tx => {
      if ((await countRendezvous(tx, now)) >= most) throw tooMany();
      await insertRendezvous(tx, row);
      return asMessage(row);
    });
  }

  /** @throws MatrixError M_NOT_FOUND */
  async read(id: string): Promise<LeftMessage> {
    const { db, clock } = this.#parts;
    const row = await findRendezvous(db, id, clock.now());
    if (row === undefined) throw noSession();
    return asMessage(row);
  }

  /** `isStale`: another message is there than the one with this tag, and stays. @throws MatrixError M_NOT_FOUND */
  replace(id: string, tag: string, data: Uint8Array): Promise<{ isStale: boolean; message: LeftMessage }> {
    const { db, clock } = this.#parts;
    return db.tx(async tx => {
      const now = clock.now();
      const row = await lockRendezvous(tx, id, now);
      if (row === undefined) throw noSession();
      const there = asMessage(row);
      if (there.tag !== tag) return { isStale: true, message: there };
      const next = { ...row, data, changed_ts: now };
      await replaceRendezvous(tx, next);
      return { isStale: false, message: asMessage(next) };
    });
  }

  /** @throws MatrixError M_NOT_FOUND */
  async end(id: string): Promise<void> {
    const { db, clock } = this.#parts;
    if (!(await db.tx(tx => deleteRendezvous(tx, id, clock.now())))) throw noSession();
  }

  sweep(tx: Tx): Promise<void> {
    return deleteRendezvousExpired(tx, this.#parts.clock.now());
  }
}

function asMessage({ id, data, changed_ts, expires_ts }: RendezvousRow): LeftMessage {
  const tag = `"${createHash('sha256').update(data).digest('base64url')}"`;
  return { id, data, tag, changedTs: changed_ts, expiresTs: expires_ts };
}

function noSession(): MatrixError {
  return notFound('There is no such rendezvous session, or it has expired.');
}

function tooMany(): MatrixError {
  return new MatrixError('M_LIMIT_EXCEEDED', 'Too many devices meet here at the moment.', {
    fields: { retry_after_ms: SESSION_MS },
  });
}
