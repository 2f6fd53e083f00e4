import type { Assignment, Board } from '../boards/board.ts';
import type { Role } from '../roles.ts';

export const MIB = 2 ** 20;
/** Where a process listens for clients: the first port that is free on its board, from here on. */
export const FIRST_PORT = 8100;
/** What a process takes before it does anything (docs/decisions/0055). */
const PROGRAM = 96 * MIB;
/** The setting `memory` allows no less. */
export const LEAST_MEMORY = 128 * MIB;
/** More does not make a process of several roles better. */
const MOST_MEMORY = 512 * MIB;
/** Beside a process that serves media there is one that draws thumbnails. */
const THUMBNAILS = 96 * MIB;
export const FRONT_MEMORY = 32 * MIB;

/** What a process of one role does well with. */
const OF_ROLE: Readonly<Record<Role, number>> = {
  client: 256 * MIB,
  sync: 384 * MIB,
  'initial-sync': 384 * MIB,
  media: 256 * MIB,
  'federation-in': 384 * MIB,
  rooms: 384 * MIB,
  'federation-out': 256 * MIB,
  push: 128 * MIB,
  appservice: 128 * MIB,
  maintenance: 128 * MIB,
  doctor: 128 * MIB,
};

/** What a process with these roles does well with; the program is there once. */
export function memoryOf(roles: readonly Role[]): number {
  const own = roles.reduce((sum, role) => sum + OF_ROLE[role] - PROGRAM, 0);
  return Math.min(MOST_MEMORY, PROGRAM + own);
}

/** What of a board is for processes: the agent (60 MB), the kernel and what else a machine runs come first. */
export function capacityOf({ facts, beside = 0 }: Pick<Board, 'facts' | 'beside'>): number {
  if (facts === undefined) return 0;
  const { total } = facts.memory;
  const room = Math.max(0, total - Math.max(PROGRAM, Math.floor(total / 8)));
  // However much the database may take, there is room for a process that does everything and a front: somebody has to be there.
  return Math.max(Math.min(room, LEAST_MEMORY + THUMBNAILS + FRONT_MEMORY), room - beside);
}

type Sized = Pick<Assignment, 'kind' | 'roles' | 'memory'>;

/** What a process takes of its board, with what runs beside it. */
export function footprintOf({ kind, roles, memory }: Sized): number {
  return memory + besideOf({ kind, roles });
}

export function besideOf({ kind, roles }: Pick<Sized, 'kind' | 'roles'>): number {
  return kind === 'role' && doesRole(roles, 'media') ? THUMBNAILS : 0;
}

/** Whether roles, of which none stands for all, have one. */
export function doesRole(roles: readonly Role[], role: Role): boolean {
  return roles.length === 0 || roles.includes(role);
}

/** Sizes are multiples of 16 MiB: a few bytes more are no reason to start a process anew. */
export function rounded(bytes: number): number {
  return Math.floor(bytes / (16 * MIB)) * 16 * MIB;
}
