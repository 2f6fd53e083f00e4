import type { BoardOrders, BoardReport } from '../boards/board.ts';
import type { HandedSettings } from '../joining/handed-settings.ts';

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
  /** The settings of this number, from the first that has them; undefined where nobody has. Never rejects. */
  settings(number: number, addresses: readonly string[]): Promise<HandedSettings | undefined>;
}
