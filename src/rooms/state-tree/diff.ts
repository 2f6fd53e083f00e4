import { childIds, levelOf, PageCursor } from './page.ts';
import type { PageReader } from './page-reader.ts';
import type { Difference, Root } from './tree-types.ts';

/** The pages of one tree that are not known to be in the other one too: all of one level, in order of keys. */
interface Side {
  readonly level: number;
  readonly ids: readonly number[];
}

type Sides = readonly [before: Side, after: Side];

/**
 * See StateTrees.diff. Both trees are opened level by level from the top, the higher one first. When a level is reached,
 * both sides list all their pages of it, so that those in both can be dropped before they are read.
 */
export async function differences(reader: PageReader, roomNid: number, a: Root, b: Root): Promise<Difference[]> {
  if (a === b) return [];
  let sides = await rootSides(reader, roomNid, a, b);
  for (;;) {
    sides = withoutShared(sides);
    const level = Math.max(...sides.map(side => (side.ids.length === 0 ? 0 : side.level)));
    if (level === 0) break;
    sides = await opened(reader, roomNid, sides, level);
  }
  const [before, after] = sides;
  const pages = await reader.load(roomNid, [...before.ids, ...after.ids]);
  return merged(new Entries(pages.slice(0, before.ids.length)), new Entries(pages.slice(before.ids.length)));
}

async function rootSides(reader: PageReader, roomNid: number, a: Root, b: Root): Promise<Sides> {
  const roots = [a, b].filter(root => root !== 0);
  const pages = await reader.load(roomNid, roots);
  const side = (root: Root): Side =>
    root === 0 ? { level: 0, ids: [] } : { level: levelOf(pages[roots.indexOf(root)]!), ids: [root] };
  return [side(a), side(b)];
}

function withoutShared([before, after]: Sides): Sides {
  const here = new Set(before.ids);
  const shared = new Set(after.ids.filter(id => here.has(id)));
  const rest = ({ level, ids }: Side): Side => ({ level, ids: ids.filter(id => !shared.has(id)) });
  return [rest(before), rest(after)];
}

/** The sides that stand at `level` a level further down, after one query. */
async function opened(reader: PageReader, roomNid: number, sides: Sides, level: number): Promise<Sides> {
  const open = sides.map(side => (side.level === level ? side.ids : []));
  const pages = await reader.load(roomNid, open.flat());
  const [before, after] = sides;
  return [
    before.level === level ? below(level, pages.slice(0, before.ids.length)) : before,
    after.level === level ? below(level, pages.slice(pages.length - after.ids.length)) : after,
  ];
}

function below(level: number, pages: readonly Uint8Array[]): Side {
  return { level: level - 1, ids: pages.flatMap(childIds) };
}

/** Walks over the entries of leaves in order. */
class Entries {
  key = 0;
  value = 0;
  done = false;
  readonly #leaves: readonly Uint8Array[];
  #at = 0;
  #cursor: PageCursor | undefined;

  constructor(leaves: readonly Uint8Array[]) {
    this.#leaves = leaves;
    this.next();
  }

  next(): void {
    while (this.#cursor?.next() !== true) {
      const leaf = this.#leaves[this.#at++];
      if (leaf === undefined) {
        this.done = true;
        return;
      }
      this.#cursor = new PageCursor(leaf);
    }
    this.key = this.#cursor.key;
    this.value = this.#cursor.value;
  }
}

function merged(before: Entries, after: Entries): Difference[] {
  const found: Difference[] = [];
  while (!before.done || !after.done) {
    if (after.done || (!before.done && before.key < after.key)) {
      found.push({ key: before.key, before: before.value, after: undefined });
      before.next();
    } else if (before.done || after.key < before.key) {
      found.push({ key: after.key, before: undefined, after: after.value });
      after.next();
    } else {
      if (before.value !== after.value) found.push({ key: after.key, before: before.value, after: after.value });
      before.next();
      after.next();
    }
  }
  return found;
}
