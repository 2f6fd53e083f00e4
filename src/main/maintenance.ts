import { pruneAudit } from '../administration/audit.table.ts';
import type { Tasks } from '../administration/tasks.ts';
import { type Clock, sleep } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Database, Tx } from '../db/database.ts';
import { pruneTransactionsOfServers } from '../federation/inbound/inbox.table.ts';
import type { Media } from '../media/media.ts';
import { pruneRead } from '../push/notifications.table.ts';
import { pruneDepartures } from '../rooms/departures.table.ts';
import { pruneTransactions } from '../rooms/transactions.table.ts';
import { pruneConnections } from '../sync/sliding/connection.table.ts';

export interface MaintenanceParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly media: Media;
  readonly tasks: Tasks;
  readonly remoteDevices: { tidy(): Promise<void> } | undefined;
}

const HOUR_MS = 3_600_000;
/** How long a client may repeat a request and get the same answer, and what was read stays in its history. */
const KEPT_MS = 30 * 24 * HOUR_MS;
/** How long clients that were away are told that their room was deleted. */
const DEPARTURES_KEPT_MS = 183 * 24 * HOUR_MS;
/** How long it can be looked up what administrators did. */
const AUDIT_KEPT_MS = 2 * 365 * 24 * HOUR_MS;
/** Rows of one transaction: small, so that nobody waits behind it. */
const AT_ONCE = 500;

/** Clears away what nobody needs any more, once an hour until `signal` aborts. A task that fails stops no other. */
export async function maintain(parts: MaintenanceParts, signal: AbortSignal): Promise<void> {
  const tasks: readonly [string, () => Promise<unknown>][] = [
    ['old transaction IDs', () => inBatches(parts, pruneTransactions)],
    ['old transactions of other servers', () => inBatches(parts, pruneTransactionsOfServers)],
    ['notifications that were read', () => inBatches(parts, pruneRead)],
    ['departures from deleted rooms', () => inBatches(parts, pruneDepartures, DEPARTURES_KEPT_MS)],
    ['what clients that are gone knew', () => inBatches(parts, pruneConnections)],
    ['what administrators did long ago', () => inBatches(parts, pruneAudit, AUDIT_KEPT_MS)],
    ['finished tasks', () => parts.tasks.tidy()],
    ['unfinished and expired media', () => parts.media.custody.tidy()],
    ['unused files of other servers', () => parts.media.custody.deleteUnusedCopies(signal)],
    ['old previews of links', async () => parts.media.previews?.tidy()],
    ['device lists of strangers', async () => parts.remoteDevices?.tidy()],
  ];
  while (!signal.aborted) {
    await sleep(parts.clock, HOUR_MS, signal);
    for (const [what, run] of tasks) {
      if (signal.aborted) return;
      await run().catch((error: unknown) =>
        parts.log.warn(`Clearing away ${what} failed; it is tried again in an hour.`, { err: error }),
      );
    }
  }
}

async function inBatches(
  { db, clock }: MaintenanceParts,
  prune: (tx: Tx, ts: number, limit: number) => Promise<number>,
  keptMs = KEPT_MS,
): Promise<void> {
  const before = clock.now() - keptMs;
  while ((await db.tx(tx => prune(tx, before, AT_ONCE))) === AT_ONCE);
}
