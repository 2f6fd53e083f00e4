import type { Assignment, BoardOrders } from '../boards/board.ts';

/** It becomes the name of files and units. */
const NAME = /^(?!\.)[\w.-]{1,60}$/;
/** One that this version does not know is refused by the process alone, and the others run. */
const ROLE = /^[a-z][a-z-]{0,29}$/;
const MOST_ASSIGNMENTS = 50;
const MOST_ADDRESSES = 2000;

/** The orders in an answer or a file; undefined where these are none. By hand: a schema's compiler has 4 MB. */
export function parseOrders(found: unknown): BoardOrders | undefined {
  const { assignments, addresses, settings } = (found ?? {}) as Partial<Record<keyof BoardOrders, unknown>>;
  if (!Array.isArray(assignments) || assignments.length > MOST_ASSIGNMENTS || !assignments.every(isAssignment))
    return undefined;
  if (!isTexts(addresses) || addresses.length > MOST_ADDRESSES) return undefined;
  if (settings === undefined) return { assignments, addresses };
  return isWhole(settings, Number.MAX_SAFE_INTEGER)
    ? { assignments, addresses, settings: settings as number }
    : undefined;
}

function isAssignment(found: unknown): found is Assignment {
  const { process, board, part, kind, roles, port, memory, isLeaving } = (found ?? {}) as Partial<
    Record<keyof Assignment, unknown>
  >;
  return (
    isName(process) &&
    isName(board) &&
    typeof part === 'string' &&
    (kind === 'role' || kind === 'front') &&
    isTexts(roles) &&
    roles.every(role => ROLE.test(role)) &&
    isWhole(port, 65_535) &&
    isWhole(memory, Number.MAX_SAFE_INTEGER) &&
    typeof isLeaving === 'boolean'
  );
}

function isName(found: unknown): found is string {
  return typeof found === 'string' && NAME.test(found);
}

function isTexts(found: unknown): found is string[] {
  return Array.isArray(found) && found.every(each => typeof each === 'string');
}

function isWhole(found: unknown, most: number): boolean {
  return Number.isInteger(found) && (found as number) >= 0 && (found as number) <= most;
}
