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
 * A transaction that was sent and not acknowledged: the server may have it, so it is sent again as it was, whatever
 * came meanwhile. Kept as what it moves, from which it is made again.
 */
export interface Bounds extends Moves {
  /** `origin_server_ts` of the transaction. */
  readonly ts: number;
}

/** As it stands in the database. */
export function boundsText(bounds: Bounds): string {
  return JSON.stringify(bounds);
}

export function boundsFrom(text: string | null | undefined): Bounds | undefined {
  return text === null || text === undefined ? undefined : (JSON.parse(text) as Bounds);
}
