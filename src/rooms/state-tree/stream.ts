import { levelOf, PageCursor } from './page.ts';
import type { PageReader } from './page-reader.ts';
import type { Entry, Root } from './tree-types.ts';

/** How many pages one query gets: with the path above them, all that a stream holds. */
const BATCH = 16;

interface KeyRange {
  readonly from: number;
  /** Not included. */
  readonly to: number;
}

/** See StateTrees.stream. */
export async function* streamEntries(
  reader: PageReader,
  roomNid: number,
  root: Root,
  range: KeyRange,
): AsyncGenerator<Entry, void, undefined> {
  if (root === 0) return;
  for await (const leaf of leaves(reader, roomNid, [root], range)) {
    const cursor = new PageCursor(leaf);
    while (cursor.next()) {
      if (cursor.key >= range.to) return;
      if (cursor.key >= range.from) yield [cursor.key, cursor.value];
    }
  }
}

async function* leaves(
  reader: PageReader,
  roomNid: number,
  ids: readonly number[],
  range: KeyRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < ids.length; at += BATCH) {
    for (const page of await reader.load(roomNid, ids.slice(at, at + BATCH))) {
      if (levelOf(page) === 0) yield page;
      else yield* leaves(reader, roomNid, childrenIn(page, range), range);
    }
  }
}

/** The children that can hold keys of the range: each reaches from its own bound to that of the next. */
function childrenIn(inner: Uint8Array, { from, to }: KeyRange): number[] {
  const children: number[] = [];
  const cursor = new PageCursor(inner);
  while (cursor.next() && cursor.key < to) {
    if (cursor.key <= from) children.length = 0;
    children.push(cursor.value);
  }
  return children;
}
