import type { ServerName } from '../../core/ids.ts';
import { MatrixError, notFound } from '../../core/matrix-error.ts';
import type { Database } from '../../db/database.ts';
import type { Nids } from '../../rooms/nids.table.ts';
import {
  type DestinationQuery,
  type DestinationRow,
  destinationNamed,
  destinations,
  roomsWithServer,
} from './destination-list.table.ts';
import type { Sender } from './sender.ts';

export { DESTINATION_ORDERS, type DestinationRow } from './destination-list.table.ts';

export interface DestinationListParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly serverName: ServerName;
  readonly sender: Pick<Sender, 'tryNow'>;
}

/** Other servers as receivers, for administrators to look at. */
export class DestinationList {
  readonly #parts: DestinationListParts;

  constructor(parts: DestinationListParts) {
    this.#parts = parts;
  }

  async list(query: DestinationQuery) {
    return destinations(this.#parts.db, await this.#own(), query);
  }

  /** @throws MatrixError M_NOT_FOUND for servers that we have nothing to do with */
  async get(name: string): Promise<DestinationRow> {
    const found = await destinationNamed(this.#parts.db, await this.#own(), name);
    if (found === undefined) throw notFound('This server has nothing to do with a server of that name.');
    return found;
  }

  /** @throws MatrixError M_NOT_FOUND */
  async rooms(name: string, page: Pick<DestinationQuery, 'backward' | 'from' | 'limit'>) {
    await this.get(name);
    return roomsWithServer(this.#parts.db, name, page);
  }

  /** Tries a server that fails now. @throws MatrixError M_NOT_FOUND, M_UNKNOWN (400) for one that does not fail */
  async tryNow(name: string): Promise<void> {
    const { retry_at: retryAt } = await this.get(name);
    if (retryAt === null) throw new MatrixError('M_UNKNOWN', 'That server takes what it is sent.', { status: 400 });
    const { db, nids, sender } = this.#parts;
    const domainNid = await nids.domains.findOne(db, name as ServerName);
    if (domainNid !== undefined) await sender.tryNow(domainNid);
  }

  async #own(): Promise<number> {
    const { db, nids, serverName } = this.#parts;
    return (await nids.domains.findOne(db, serverName)) ?? 0;
  }
}
