import type { Board } from '../boards/board.ts';
import { LEAST_CONNECTIONS } from '../connection-share.ts';
import { isMeant, type Part } from './part.ts';

/** From so many connections on there are some in hand for a process that runs beside the one that it replaces. */
const ENOUGH_FOR_ONE_MORE = 20;

/** How many processes the connections to the database are enough for, `outside` of them placed by nobody. */
export function slotsOf(connections: number, outside: number): number {
  const inHand = connections >= ENOUGH_FOR_ONE_MORE ? 1 : 0;
  return Math.max(0, Math.floor(connections / LEAST_CONNECTIONS) - inHand - outside);
}

/** How many processes a part asks for: `each` board that lives, takes something new, and is meant. */
export function askedOf(part: Part, boards: readonly Board[]): number {
  if (part.count !== 'each') return part.count;
  return boards.filter(board => board.isAlive && !board.isCordoned && isMeant(part, board)).length;
}

/**
 * How many processes each part gets: one each first, whatever it costs, since work that nobody does is worse than a
 * connection too many; then a second one each, and so on, for as long as there are slots. A front has no connection.
 */
export function grant(asked: ReadonlyMap<Part, number>, slots: number): Map<Part, number> {
  const granted = new Map(
    [...asked].map(([part, count]) => [part, part.kind === 'front' ? count : Math.min(count, 1)]),
  );
  const roles = [...asked].filter(([part]) => part.kind === 'role');
  let left = slots - roles.reduce((sum, [part]) => sum + (granted.get(part) ?? 0), 0);
  for (let copies = 2; left > 0; copies++) {
    const more = roles.filter(([, count]) => count >= copies).slice(0, left);
    if (more.length === 0) break;
    for (const [part] of more) granted.set(part, copies);
    left -= more.length;
  }
  return granted;
}
