import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../base/write-durably.ts';
import type { FrontArgs } from '../cli/front-commands.ts';
import { isDataFolder } from './data-folder.ts';

const FILE = 'made-front.json';

/** A configuration of a front that Copse has put in place, and how: so that it can be made anew. */
export type MadeFront = Pick<FrontArgs, 'program' | 'processes' | 'isWhole' | 'reload'> & { readonly file: string };

/** Remembers it, in the data folder. */
export function keepMadeFront(folder: string, { program, file, processes, isWhole, reload }: MadeFront): void {
  if (!isDataFolder(folder)) return;
  const text = `${JSON.stringify({ program, file, processes, isWhole, reload }, null, 2)}\n`;
  if (textOf(folder) !== text) writeDurably(join(folder, FILE), text);
}

/** Undefined where Copse has made none. */
export function readMadeFront(folder: string): MadeFront | undefined {
  const text = textOf(folder);
  return text === undefined ? undefined : (JSON.parse(text) as MadeFront);
}

function textOf(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
