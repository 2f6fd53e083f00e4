import type { JsonObject } from '../../core/json.ts';

/** Up to where a transaction brings one range. */
export interface RangeStep {
  readonly roomNid: number;
  readonly kind: number;
  readonly from: number;
  readonly upTo: number;
}

/** Up to which change a transaction brings one user's device list. */
export interface ListStep {
  readonly userNid: number;
  readonly sentTo: number;
  /** The last change of a device among those that were sent by then; null where there is none. */
  readonly previous: number | null;
}

/** What is done once a server has acknowledged a transaction. */
export interface Moves {
  readonly ranges: readonly RangeStep[];
  /** The numbers of queued EDUs. */
  readonly edus: readonly number[];
  readonly lists: readonly ListStep[];
}

/**
 * A transaction that is sent and not acknowledged, written down before the first attempt: the server may have it, so it
 * is sent again as it was, under the same ID, whoever sends it and whatever came meanwhile. Events and queued EDUs are
 * named by what it moves; the rest would be another when it was made again, and is kept.
 */
export interface Pending {
  readonly txnId: string;
  /** `origin_server_ts` of the transaction. */
  readonly ts: number;
  readonly moves: Moves;
  /** EDUs that were made for it: device lists, receipts. */
  readonly made: readonly JsonObject[];
  /** Typing and presence. */
  readonly fleeting: readonly JsonObject[];
  /** Of all items together. */
  readonly bytes: number;
}

/** As it stands in the database. */
export function pendingText(pending: Pending): string {
  return JSON.stringify(pending);
}

/** Undefined also for what an earlier version wrote, which had no ID: its events go out anew. */
export function pendingFrom(text: string | null | undefined): Pending | undefined {
  if (text === null || text === undefined) return undefined;
  const kept = JSON.parse(text) as Partial<Pending>;
  return kept.txnId === undefined ? undefined : (kept as Pending);
}
