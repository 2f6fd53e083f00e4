import type { Tx } from '../../db/database.ts';
import type { Fingerprints } from './fingerprint.ts';
import { checkEntry } from './page.ts';
import { PageReader } from './page-reader.ts';
import type { PageStore } from './page-store.ts';
import { factsId } from './record.ts';
import { RecordWriter } from './record-writer.ts';
import { childSpans, inOrder, mergedLeaf, type NewNode, rewritten, type Span } from './rewrite.ts';
import { decodeNode, encodeNode, type Outgrown, type TreeNode } from './tree-node.ts';
import type { Change, Root, RootFacts, WriteOptions } from './tree-types.ts';

export interface TreeParts {
  readonly store: PageStore;
  readonly fingerprints: Fingerprints;
}

const EMPTY_LEAF: TreeNode = { level: 0, keys: [], values: [] };

/** See StateTrees.apply. */
export async function applyChanges(
  { store, fingerprints }: TreeParts,
  tx: Tx,
  base: { readonly roomNid: number; readonly root: Root },
  changes: readonly Change[],
  options: WriteOptions,
): Promise<Root> {
  const { roomNid, root } = base;
  const sorted = inOrder(changes);
  for (const { key, value } of sorted) checkEntry(key, value ?? 1);
  const { nodes, facts: before } = await readPaths(new PageReader(store, tx), base, sorted);
  const facts = { ...before, partial: before.partial || options.partial === true };
  const onEffect = counting(fingerprints, facts);
  const whole: Span = { id: root, from: 0, to: sorted.length };
  const top = root === 0 ? mergedLeaf(EMPTY_LEAF, sorted, whole, onEffect) : rewritten(nodes, sorted, whole, onEffect);
  // The mark belongs to the root: a state that is now partial needs a root of its own, even if nothing else changes.
  const changed =
    top ?? (facts.partial === before.partial || root === 0 ? undefined : { ...nodes.get(root)!, atEnd: false });
  if (changed === undefined) return root;
  if (facts.entries === 0) return 0;
  const writer = new RecordWriter(store, tx, roomNid);
  return writer.finish(await writeTree(writer, changed), facts);
}

function counting(fingerprints: Fingerprints, facts: { -readonly [Fact in keyof RootFacts]: RootFacts[Fact] }) {
  return (key: number, before: number | undefined, after: number | undefined): void => {
    facts.entries += (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
    if (before !== undefined) facts.fingerprint = fingerprints.without(facts.fingerprint, key, before);
    if (after !== undefined) facts.fingerprint = fingerprints.with(facts.fingerprint, key, after);
  };
}

/** All nodes between the root and the changed keys, and the facts of the root: one query a level at most. */
async function readPaths(
  reader: PageReader,
  { roomNid, root }: { readonly roomNid: number; readonly root: Root },
  changes: readonly Change[],
): Promise<{ readonly nodes: ReadonlyMap<number, TreeNode>; readonly facts: RootFacts }> {
  const nodes = new Map<number, TreeNode>();
  if (root === 0) return { nodes, facts: await reader.facts(roomNid, root) };
  // Asked for before the root's page, so that one query serves both; the answer is taken below.
  reader.page(roomNid, factsId(root));
  let spans: Span[] = [{ id: root, from: 0, to: changes.length }];
  let facts: RootFacts | undefined;
  for (;;) {
    spans = descend(reader, roomNid, nodes, changes, spans);
    if (spans.length > 0) await reader.fetch();
    facts ??= await reader.facts(roomNid, root);
    if (spans.length === 0) return { nodes, facts };
  }
}

/** Goes down as far as the pages in memory reach; answers where it has to wait for a page. */
function descend(
  reader: PageReader,
  roomNid: number,
  nodes: Map<number, TreeNode>,
  changes: readonly Change[],
  spans: readonly Span[],
): Span[] {
  const waiting: Span[] = [];
  const open = [...spans];
  for (let span = open.pop(); span !== undefined; span = open.pop()) {
    const page = reader.page(roomNid, span.id);
    if (page === undefined) {
      waiting.push(span);
      continue;
    }
    const node = decodeNode(page);
    nodes.set(span.id, node);
    if (node.level > 0) open.push(...childSpans(node, changes, span));
  }
  return waiting;
}

/** Writes the new nodes, children first, and answers the root: the page that was written last. */
async function writeTree(writer: RecordWriter, top: NewNode): Promise<Root> {
  let { level } = top;
  let { keys, values } = await writeNode(writer, top);
  while (values.length > 1) {
    level++;
    ({ keys, values } = await writePages(writer, { level, keys, values }, top));
  }
  return values[0]!;
}

interface Written {
  readonly keys: readonly number[];
  readonly values: readonly number[];
}

async function writeNode(writer: RecordWriter, node: NewNode): Promise<Written> {
  const keys: number[] = [];
  const values: number[] = [];
  for (const [at, value] of node.values.entries()) {
    if (typeof value === 'number') {
      keys.push(node.keys[at]!);
      values.push(value);
      continue;
    }
    const pages = await writeNode(writer, value);
    for (const key of pages.keys) keys.push(key);
    for (const id of pages.values) values.push(id);
  }
  return writePages(writer, { level: node.level, keys, values }, node);
}

async function writePages(writer: RecordWriter, node: TreeNode, outgrown: Outgrown): Promise<Written> {
  const pages = encodeNode(node, outgrown);
  const values: number[] = [];
  for (const page of pages) values.push(await writer.add(page.bytes));
  return { keys: pages.map(page => page.firstKey), values };
}
