import { Readable } from 'node:stream';
import type { ServerName } from '../../../core/ids.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { NoSlotError, Slots } from '../../../federation/transport/slots.ts';
import type { Reply } from '../../endpoint.ts';

/** A server that asks for more at once waits, without delaying others. */
const LIMITS = { total: 16, perKey: 2, waiting: 500, waitingPerKey: 20 };

/** Bounds how many answers are written to each server that are long, such as the state of a large room. */
export class LargeAnswers {
  readonly #slots = new Slots(LIMITS);

  /** Gives an answer, which counts until its last byte is written. @throws MatrixError M_LIMIT_EXCEEDED */
  async give(origin: ServerName, signal: AbortSignal, make: () => Promise<Reply>): Promise<Reply> {
    const giveBack = await this.#slots.take(origin, signal).catch((error: unknown) => {
      throw error instanceof NoSlotError
        ? new MatrixError('M_LIMIT_EXCEEDED', 'Too many requests. Wait a little.')
        : error;
    });
    try {
      const answer = await make();
      if (answer.body instanceof Readable) answer.body.once('close', giveBack);
      else giveBack();
      return answer;
    } catch (error) {
      giveBack();
      throw error;
    }
  }
}
