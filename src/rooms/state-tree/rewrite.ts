import type { TreeNode } from './tree-node.ts';
import type { Change } from './tree-types.ts';

/** A node of the new tree that is not in the old one; nodes that stay are their page ids. */
export interface NewNode {
  readonly level: number;
  readonly keys: readonly number[];
  readonly values: readonly (number | NewNode)[];
  /** Whether the last of its entries is new. */
  readonly atEnd: boolean;
}

/** The changes from `from` up to `to` (not included) belong below the page `id`. */
export interface Span {
  readonly id: number;
  readonly from: number;
  readonly to: number;
}

/** Is told of each entry that is another one, appears or goes. */
export type OnEffect = (key: number, before: number | undefined, after: number | undefined) => void;

/** In ascending order of keys, each key once: the last change of a key counts. */
export function inOrder(changes: readonly Change[]): Change[] {
  const sorted = changes.toSorted((a, b) => a.key - b.key);
  return sorted.filter((change, at) => sorted[at + 1]?.key !== change.key);
}

/** The children of an inner node that changes fall into, each with its changes. */
export function childSpans(node: TreeNode, changes: readonly Change[], { from, to }: Span): Span[] {
  const spans: Span[] = [];
  let at = from;
  for (let child = 0; child < node.keys.length && at < to; child++) {
    const bound = node.keys[child + 1] ?? Number.POSITIVE_INFINITY;
    const start = at;
    while (at < to && changes[at]!.key < bound) at++;
    if (at > start) spans.push({ id: node.values[child]!, from: start, to: at });
  }
  return spans;
}

/** The node below `span.id` after the changes, or undefined when they change nothing there. */
export function rewritten(
  nodes: ReadonlyMap<number, TreeNode>,
  changes: readonly Change[],
  span: Span,
  onEffect: OnEffect,
): NewNode | undefined {
  const node = nodes.get(span.id)!;
  if (node.level === 0) return mergedLeaf(node, changes, span, onEffect);
  const replaced = new Map<number, NewNode>();
  for (const childSpan of childSpans(node, changes, span)) {
    const child = rewritten(nodes, changes, childSpan, onEffect);
    if (child !== undefined) replaced.set(childSpan.id, child);
  }
  if (replaced.size === 0) return undefined;
  const values = node.values.map(id => replaced.get(id) ?? id);
  const last = values.at(-1);
  return { level: node.level, keys: node.keys, values, atEnd: typeof last === 'object' && last.atEnd };
}

/** A leaf with its changes made. */
export function mergedLeaf(
  leaf: TreeNode,
  changes: readonly Change[],
  { from, to }: { readonly from: number; readonly to: number },
  onEffect: OnEffect,
): NewNode | undefined {
  const keys: number[] = [];
  const values: number[] = [];
  let old = 0;
  let effects = 0;
  const copyBelow = (bound: number) => {
    for (; old < leaf.keys.length && leaf.keys[old]! < bound; old++) {
      keys.push(leaf.keys[old]!);
      values.push(leaf.values[old]!);
    }
  };
  for (let at = from; at < to; at++) {
    const { key, value } = changes[at]!;
    copyBelow(key);
    const before = leaf.keys[old] === key ? leaf.values[old++] : undefined;
    if (value !== undefined) {
      keys.push(key);
      values.push(value);
    }
    if (before === value) continue;
    effects++;
    onEffect(key, before, value);
  }
  if (effects === 0) return undefined;
  copyBelow(Number.POSITIVE_INFINITY);
  return { level: 0, keys, values, atEnd: (keys.at(-1) ?? -1) > (leaf.keys.at(-1) ?? -1) };
}
