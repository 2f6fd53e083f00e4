import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { jsonIfValid } from '../../base/if-readable.ts';
import { writeDurably } from '../../base/write-durably.ts';
import type { BoardOrders } from '../boards/board.ts';
import { type BoardIdentity, boardFolder, readIdentity } from '../joining/board-folder.ts';
import { type HandedSettings, parseSettings } from '../joining/handed-settings.ts';
import { parseOrders } from './parse-orders.ts';

/** What a board knows of its cluster: the folder `cluster` in the data folder. */
export class BoardHome {
  readonly #data: string;
  #keptOrders: string | undefined;

  constructor(data: string) {
    this.#data = data;
  }

  /** Undefined on a board that belongs to no cluster. @throws JoiningError */
  identity(): BoardIdentity | undefined {
    return readIdentity(this.#data);
  }

  /** What the board was told last; undefined where nobody has told it anything yet. */
  orders(): BoardOrders | undefined {
    this.#keptOrders = textOf(this.#ordersFile());
    return parseOrders(parsed(this.#keptOrders));
  }

  /** Writes only what is new: memory cards wear out. */
  keepOrders(orders: BoardOrders): void {
    const text = `${JSON.stringify(orders, null, 2)}\n`;
    if (text === this.#keptOrders) return;
    writeDurably(this.#ordersFile(), text);
    this.#keptOrders = text;
  }

  /** What it was handed last, for others that ask; undefined where it has what it came with. */
  settings(): HandedSettings | undefined {
    return parseSettings(parsed(textOf(this.#settingsFile())));
  }

  /** Takes settings. `copse.yaml` comes last, since it names the others; what it was stays beside it. */
  takeSettings(settings: HandedSettings): void {
    const isLast = (name: string) => Number(name === 'copse.yaml');
    for (const { name, text } of settings.files.toSorted((a, b) => isLast(a.name) - isLast(b.name))) {
      const file = join(this.#data, name);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const before = isLast(name) ? textOf(file) : undefined;
      if (before !== undefined && before !== text) writeDurably(`${file}.before`, before);
      writeDurably(file, text);
    }
    this.noteSettings(settings);
  }

  /** The settings are there already: this is the board on which they are written. */
  noteSettings(settings: HandedSettings): void {
    writeDurably(this.#settingsFile(), `${JSON.stringify(settings)}\n`);
  }

  #settingsFile(): string {
    return join(boardFolder(this.#data), 'settings.json');
  }

  #ordersFile(): string {
    return join(boardFolder(this.#data), 'orders.json');
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A file that was cut off is as none: what it said is asked for again. */
function parsed(text: string | undefined): unknown {
  return text === undefined ? undefined : jsonIfValid(text);
}
