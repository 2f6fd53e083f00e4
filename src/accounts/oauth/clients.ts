import { hash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Database, Tx } from '../../db/database.ts';
import { countClients, deleteIdleClients, findClient, insertClient, setClientUsed } from './client.table.ts';
import { type ClientMetadata, metadataText, readClientMetadata } from './client-metadata.ts';
import { OAuthError } from './oauth-error.ts';

export interface OAuthClient {
  readonly id: string;
  readonly metadata: ClientMetadata;
}

export interface ClientsParts {
  readonly db: Database;
  readonly clock: Clock;
  /** How many there may be; `MOST_CLIENTS` unless said. */
  readonly most?: number;
}

/** With at most 4 KiB each: 20 MB on disk. */
const MOST_CLIENTS = 5000;
/** How many go when there is no room for another one. */
const MADE_ROOM = 50;
/** Whoever is about to log in has used a client within this time. */
const IN_USE_MS = 60 * 60_000;
/** Clients register before each login, so one that nobody has used for so long is gone from everywhere. */
const KEEP_MS = 90 * 24 * 60 * 60_000;
/** Uses are not written down more often. */
const USE_MS = 60_000;
const ID_BYTES = 16;
const LONGEST_ID = 64;

/** Clients that have registered themselves (RFC 7591; client-server API, "Client registration"). */
export class Clients {
  readonly #parts: ClientsParts;
  readonly #most: number;

  constructor(parts: ClientsParts) {
    this.#parts = parts;
    this.#most = parts.most ?? MOST_CLIENTS;
  }

  /**
   * Those who say the same of themselves are the same client: the ID is made of what they say.
   *
   * @throws OAuthError invalid_client_metadata, invalid_redirect_uri; temporarily_unavailable when there are too many
   *   clients and all of them are in use
   */
  async register(body: JsonObject): Promise<OAuthClient> {
    const { db, clock } = this.#parts;
    const metadata = readClientMetadata(body);
    const text = metadataText(metadata);
    const id = hash('sha256', text, 'buffer').subarray(0, ID_BYTES).toString('base64url');
    const row = { client_id: id, metadata: text, used_ts: clock.now() };
    await db.tx(async tx => {
      if ((await findClient(tx, id)) !== undefined) return setClientUsed(tx, id, row.used_ts);
      await this.#makeRoom(tx);
      await insertClient(tx, row);
    });
    return { id, metadata };
  }

  async #makeRoom(tx: Tx): Promise<void> {
    if ((await countClients(tx)) < this.#most) return;
    const before = this.#parts.clock.now() - IN_USE_MS;
    if ((await deleteIdleClients(tx, MADE_ROOM, before)) > 0) return;
    throw new OAuthError('temporarily_unavailable', 'There are too many clients. Try again later.');
  }

  async find(clientId: string): Promise<OAuthClient | undefined> {
    const row = clientId.length > LONGEST_ID ? undefined : await findClient(this.#parts.db, clientId);
    if (row === undefined) return undefined;
    await this.#noteUse(row.client_id, row.used_ts);
    return { id: row.client_id, metadata: JSON.parse(row.metadata) as ClientMetadata };
  }

  async #noteUse(clientId: string, usedTs: number): Promise<void> {
    const { db, clock } = this.#parts;
    const now = clock.now();
    if (now - usedTs >= USE_MS) await db.tx(tx => setClientUsed(tx, clientId, now));
  }

  /** Forgets those that nobody has used for long and that have no session. */
  async sweep(tx: Tx): Promise<void> {
    await deleteIdleClients(tx, this.#most, this.#parts.clock.now() - KEEP_MS);
  }
}
