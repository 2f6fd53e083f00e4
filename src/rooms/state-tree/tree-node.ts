import { BULK_PAGE_BYTES, onePageBytes, PAGE_BYTES, PageCursor, PageWriter } from './page.ts';

/** A page taken apart: in a leaf (level 0) the values are event numbers, above it ids of pages. */
export interface TreeNode {
  readonly level: number;
  readonly keys: readonly number[];
  readonly values: readonly number[];
}

/** What is to become of a node that has outgrown one page. */
export interface Outgrown {
  /** What was put in is at the end, as new members are: the first page is then filled, for nothing more will come to it. */
  readonly atEnd: boolean;
}

export interface NewPage {
  readonly firstKey: number;
  readonly bytes: Uint8Array;
}

export function decodeNode(page: Uint8Array): TreeNode {
  const keys: number[] = [];
  const values: number[] = [];
  const cursor = new PageCursor(page);
  while (cursor.next()) {
    keys.push(cursor.key);
    values.push(cursor.value);
  }
  return { level: cursor.level, keys, values };
}

/** The node as one page, or as several when it has outgrown one (equally long if not `atEnd`); none when it is empty. */
export function encodeNode({ level, keys, values }: TreeNode, { atEnd }: Outgrown): NewPage[] {
  const total = onePageBytes(level, keys, values);
  const parts = total <= PAGE_BYTES ? 1 : Math.ceil(total / BULK_PAGE_BYTES);
  const target = atEnd ? BULK_PAGE_BYTES : Math.ceil(total / parts);
  const pages: NewPage[] = [];
  const writer = new PageWriter(level);
  for (const [at, key] of keys.entries()) {
    const value = values[at]!;
    const full = pages.length < parts - 1 && writer.bytes >= target;
    if (writer.count > 0 && (full || writer.bytesWith(key, value) > PAGE_BYTES)) {
      pages.push({ firstKey: writer.firstKey, bytes: writer.take() });
    }
    writer.add(key, value);
  }
  if (writer.count > 0) pages.push({ firstKey: writer.firstKey, bytes: writer.take() });
  return pages;
}
