import type { BoardOrders, BoardReport } from '../boards/board.ts';

/** What came of a report. */
export type Answer =
  | { readonly kind: 'orders'; readonly orders: BoardOrders }
  /** The cluster does not know this board (any more). */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'silence'; readonly reason: string };

/** Whom an agent reports to. */
export interface Headquarters {
  /** Reports to the first of some `HOST:PORT` that answers. Never rejects. */
  report(report: BoardReport, addresses: readonly string[]): Promise<Answer>;
}
