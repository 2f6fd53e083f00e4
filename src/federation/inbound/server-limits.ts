import type { ServerName } from '../../core/ids.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { Allowances } from './allowances.ts';

/** Counts against a bucket of any name. @throws MatrixError M_LIMIT_EXCEEDED */
type Count<Limit> = (limit: Limit, bucket: string) => void;

/**
 * The limits of requests that servers have signed: each has buckets of its own, whatever address it comes from, and as many of
 * them as times its limits were raised.
 */
export class ServerLimits<Limit extends string> {
  readonly #count: Count<Limit>;
  readonly #rooms: Pick<RoomsParts, 'db' | 'nids' | 'clock' | 'serverName'>;
  readonly #allowances: Allowances;

  constructor(rooms: Pick<RoomsParts, 'db' | 'nids' | 'clock' | 'serverName'>, count: Count<Limit>) {
    this.#count = count;
    this.#rooms = rooms;
    this.#allowances = new Allowances(rooms);
  }

  /** Counts one request. @throws MatrixError M_LIMIT_EXCEEDED with `retry_after_ms` */
  async count(limit: Limit, origin: ServerName): Promise<void> {
    const refusal = this.#refusal(limit, `server ${origin}`);
    if (refusal === undefined) return;
    const { db, nids } = this.#rooms;
    const originNid = await nids.domains.findOne(db, origin);
    const factor = originNid === undefined ? 1 : await this.#allowances.factor(originNid);
    for (let more = 1; more < factor; more++)
      if (this.#refusal(limit, `server ${origin} ${more}`) === undefined) return;
    if (originNid !== undefined) await this.#allowances.limited(originNid);
    throw refusal;
  }

  /** Why a bucket has nothing left; undefined where it had. */
  #refusal(limit: Limit, bucket: string): MatrixError | undefined {
    try {
      this.#count(limit, bucket);
      return undefined;
    } catch (error) {
      if (error instanceof MatrixError) return error;
      throw error;
    }
  }
}
