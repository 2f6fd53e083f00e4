import type { Assignment, Board } from '../boards/board.ts';
import type { Role } from '../roles.ts';

/** A part of the server: so many processes of one kind. */
export interface Part {
  readonly name: string;
  readonly kind: Assignment['kind'];
  /** Empty: everything. */
  readonly roles: readonly Role[];
  readonly count: number | 'each';
  /** Bytes that each gets where there is room. */
  readonly memory: number;
  /** Bytes without which none is started. */
  readonly least: number;
  /** Bytes up to which one that has more than `memory` stays as it is. */
  readonly most: number;
  /** Names of boards, or labels; empty: any. */
  readonly boards: readonly string[];
  readonly spread: boolean;
}

/** A process that runs on a board and that nobody has placed: the one that the cluster began with. */
export interface Outside {
  readonly process: string;
  /** Undefined: on none of the boards. */
  readonly board: string | undefined;
  /** Empty: everything. */
  readonly roles: readonly string[];
  readonly memory: number;
}

/** Whether a part may run on a board, dead or alive. */
export function isMeant({ boards }: Pick<Part, 'boards'>, { name, labels }: Pick<Board, 'name' | 'labels'>): boolean {
  return boards.length === 0 || boards.some(word => word === name || labels.includes(word));
}
