import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../../base/write-durably.ts';
import type { BoardOrders } from '../boards/board.ts';
import { isTexts, parseOrders } from './parse-orders.ts';

/** What a board was told of itself when it joined. */
export interface BoardIdentity {
  readonly name: string;
  /** `HOST:PORT` of its cluster listener. */
  readonly address: string;
  /** Whether the cluster began here: there is nobody else to ask. */
  readonly isFounder: boolean;
  /** Of other boards, as far as they were known when it joined. */
  readonly addresses: readonly string[];
}

/** In PEM. */
export interface BoardCredentials {
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
}

/** What a board knows of its cluster: the folder `cluster` in the data folder. */
export class BoardHome {
  readonly folder: string;
  #keptOrders: string | undefined;

  constructor(data: string) {
    this.folder = join(data, 'cluster');
  }

  /** Undefined on a board that belongs to no cluster. */
  identity(): BoardIdentity | undefined {
    const { name, address, isFounder, addresses } = (parsed(this.#text('board.json')) ?? {}) as Partial<BoardIdentity>;
    if (typeof name !== 'string' || typeof address !== 'string') return undefined;
    return { name, address, isFounder: isFounder === true, addresses: isTexts(addresses) ? addresses : [] };
  }

  /** Undefined where one of the files is missing. */
  credentials(): BoardCredentials | undefined {
    const [certificate, key, authority] = ['board.crt', 'board.key', 'ca.crt'].map(name => this.#text(name));
    if (certificate === undefined || key === undefined || authority === undefined) return undefined;
    return { certificate, key, authority };
  }

  /** What the board was told last; undefined where nobody has told it anything yet. */
  orders(): BoardOrders | undefined {
    this.#keptOrders = this.#text('orders.json');
    return parseOrders(parsed(this.#keptOrders));
  }

  /** Writes only what is new: memory cards wear out. */
  keepOrders(orders: BoardOrders): void {
    const text = `${JSON.stringify(orders, null, 2)}\n`;
    if (text === this.#keptOrders) return;
    writeDurably(join(this.folder, 'orders.json'), text);
    this.#keptOrders = text;
  }

  #text(name: string): string | undefined {
    try {
      return readFileSync(join(this.folder, name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

/** A file that was cut off is as none: what it said is asked for again. */
function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
