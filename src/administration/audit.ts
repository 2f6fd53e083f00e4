import type { Requester } from '../accounts/requester.ts';
import type { Clock } from '../base/clock.ts';
import type { UserId } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import type { Nids } from '../rooms/nids.table.ts';
import { auditBefore, insertAudit } from './audit.table.ts';

export interface AuditParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly clock: Clock;
}

/** What an administrator asked for: a method and a path with the names it is about, without the query. */
export interface AuditedRequest {
  /** Empty where a command on the machine itself asked. */
  readonly ip: string;
  readonly method: string;
  readonly path: string;
}

export interface AuditEntry extends AuditedRequest {
  readonly id: number;
  readonly ts: number;
  readonly userId: UserId;
}

const LONGEST_PATH = 2048;

/** Who changed what by the administration API. No bodies: passwords are in them. */
export class Audit {
  readonly #parts: AuditParts;

  constructor(parts: AuditParts) {
    this.#parts = parts;
  }

  /** Resolves once it is written, so that nothing is done that is not. */
  async note({ userNid }: Requester, { ip, method, path }: AuditedRequest): Promise<void> {
    const { db, clock } = this.#parts;
    const row = { ts: clock.now(), user_nid: userNid, ip, method, path: path.slice(0, LONGEST_PATH) };
    await db.tx(tx => insertAudit(tx, row));
  }

  /** The newest before an entry (by its ID), the newest first. */
  async list({ before, limit }: { readonly before: number; readonly limit: number }): Promise<AuditEntry[]> {
    const { db, nids } = this.#parts;
    const rows = await auditBefore(db, before, limit);
    const entries: AuditEntry[] = [];
    for (const { nid: id, user_nid: userNid, ...rest } of rows)
      entries.push({ ...rest, id, userId: await nids.users.name(db, userNid) });
    return entries;
  }
}
