import { Readable } from 'node:stream';
import type { ServerName } from '../../../core/ids.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { Allowances } from '../../../federation/inbound/allowances.ts';
import { NoSlotError, Slots } from '../../../federation/transport/slots.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Reply } from '../../endpoint.ts';

/** A server that asks for more at once waits, without delaying others. */
const LIMITS = { total: 16, perKey: 2, waiting: 500, waitingPerKey: 20 };

/** Bounds how many answers are written to each server that are long, such as the state of a large room. */
export class LargeAnswers {
  readonly #slots = new Slots(LIMITS);
  readonly #rooms: Pick<RoomsParts, 'db' | 'nids' | 'clock' | 'serverName'>;
  readonly #allowances: Allowances;

  constructor(rooms: Pick<RoomsParts, 'db' | 'nids' | 'clock' | 'serverName'>) {
    this.#rooms = rooms;
    this.#allowances = new Allowances(rooms);
  }

  /** Gives an answer, which counts until its last byte is written. @throws MatrixError M_LIMIT_EXCEEDED */
  async give(origin: ServerName, signal: AbortSignal, make: () => Promise<Reply>): Promise<Reply> {
    const giveBack = await this.#slots.take(origin, signal).catch((error: unknown) => {
      if (error instanceof NoSlotError) return this.#takeMore(origin, signal);
      throw error;
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

  /** As many as may wait do. Of a server whose limits were raised more may, as long as the line for all is not full. */
  async #takeMore(origin: ServerName, signal: AbortSignal): Promise<() => void> {
    const { db, nids } = this.#rooms;
    const originNid = await nids.domains.findOne(db, origin);
    const times = originNid === undefined ? 1 : await this.#allowances.factor(originNid);
    try {
      return await this.#slots.take(origin, signal, times);
    } catch (error) {
      if (!(error instanceof NoSlotError)) throw error;
      if (originNid !== undefined) await this.#allowances.limited(originNid);
      throw new MatrixError('M_LIMIT_EXCEEDED', 'Too many requests. Wait a little.');
    }
  }
}
