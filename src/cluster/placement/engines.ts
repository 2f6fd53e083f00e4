import type { Board } from '../boards/board.ts';
import { splitAddress } from '../joining/own-address.ts';
import { MIB } from './budget.ts';

/** What the server needs besides its own processes, and what that takes of the machine that it is on. */
export interface Engine {
  /** An address or a name, as in the settings. */
  readonly host: string;
  readonly memory: number;
}

/** What PostgreSQL shares among its processes (`shared_buffers`) unless it is told otherwise. */
const SHARED_BUFFERS = 128 * MIB;
/** A process of PostgreSQL that has been at work for a while. */
const OF_A_CONNECTION = 4 * MIB;
const BUS = 32 * MIB;

/** The database and the bus, as the settings name them. */
export function enginesOf(database: { readonly url: string; readonly connections: number }, bus = ''): Engine[] {
  const memory = SHARED_BUFFERS + database.connections * OF_A_CONNECTION;
  const stores = [database.url].map(url => ({ host: hostOf(url), memory }));
  const buses = bus.split(',').map(url => ({ host: hostOf(url.trim()), memory: BUS }));
  return [...stores, ...buses].filter(({ host }) => host !== '');
}

function hostOf(url: string): string {
  return (URL.parse(url)?.hostname ?? '').replace(/^\[(.*)\]$/, '$1');
}

/** Boards with what engines take there. */
export function withEngines(boards: readonly Board[], engines: readonly Engine[]): readonly Board[] {
  return boards.map(board => {
    const names = [splitAddress(board.address).host, board.name];
    const beside = engines.reduce((sum, { host, memory }) => (names.includes(host) ? sum + memory : sum), 0);
    return beside === 0 ? board : { ...board, beside };
  });
}
