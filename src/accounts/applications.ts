import { MatrixError } from '../core/matrix-error.ts';
import type { Tx } from '../db/database.ts';
import { countWaiting, insertApplication } from './application.table.ts';

/** The stage in which whoever asks for an account says why. */
export const REASON = 'io.copse.reason';

/** The longest reason in bytes of UTF-8. */
const MAX_REASON_BYTES = 2000;
/** Administrators decide in days rather than seconds. */
const RETRY_MS = 60 * 60_000;

/** Those who have asked for an account (`registration.mode: approval`) and wait for an answer. */
export class Applications {
  readonly #mostWaiting: number;

  /** `mostWaiting`: the most accounts that may wait at a time. */
  constructor(mostWaiting: number) {
    this.#mostWaiting = mostWaiting;
  }

  /** Writes the reason down with the new account. @throws MatrixError M_LIMIT_EXCEEDED when too many wait already */
  async add(tx: Tx, userNid: number, reason: string | undefined): Promise<void> {
    if ((await countWaiting(tx)) > this.#mostWaiting) {
      throw new MatrixError('M_LIMIT_EXCEEDED', 'Too many people wait for an account here. Try again another day.', {
        fields: { retry_after_ms: RETRY_MS },
      });
    }
    if (reason !== undefined) await insertApplication(tx, userNid, reason);
  }
}

/** A reason as it is kept: without blanks around it and without control characters. Undefined when it cannot be kept. */
export function keptReason(text: string): string | undefined {
  const plain = text
    .toWellFormed()
    .replace(/[^\P{Cc}\n]/gu, ' ')
    .trim();
  return plain === '' || Buffer.byteLength(plain) > MAX_REASON_BYTES ? undefined : plain;
}
