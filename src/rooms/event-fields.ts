import { isObject, type Json, type JsonObject } from '../core/json.ts';

/** Fields by their first key: `whole` with everything in it, or those inside that are wanted. */
export interface FieldTree {
  readonly whole: boolean;
  readonly inside: ReadonlyMap<string, FieldTree>;
}

interface GrowingTree extends FieldTree {
  whole: boolean;
  readonly inside: Map<string, GrowingTree>;
}

/**
 * Fields as a filter names them in `event_fields` (client-server API, "Filtering"): keys with dots between, where `\.` is a
 * dot and `\\` a backslash of a key. What picking from an event costs grows with the event alone.
 */
export function fieldTree(paths: readonly string[]): FieldTree {
  const root: GrowingTree = { whole: false, inside: new Map() };
  for (const path of paths) {
    let at = root;
    for (const key of keysOf(path)) at = branchOf(at, key);
    at.whole = true;
  }
  return root;
}

function branchOf({ inside }: GrowingTree, key: string): GrowingTree {
  const known = inside.get(key);
  if (known !== undefined) return known;
  const fresh: GrowingTree = { whole: false, inside: new Map() };
  inside.set(key, fresh);
  return fresh;
}

function keysOf(path: string): string[] {
  const keys = path.match(/(?:\\[\s\S]|[^.\\])+/g) ?? [];
  return keys.map(key => key.replace(/\\([\s\S])/g, '$1'));
}

/** The wanted fields of an event; those that it does not have are left out. */
export function onlyFields(event: JsonObject, { inside }: FieldTree): JsonObject {
  const kept: [string, Json][] = [];
  for (const [key, value] of Object.entries(event)) {
    const wanted = inside.get(key);
    if (wanted === undefined) continue;
    if (wanted.whole) kept.push([key, value]);
    else if (isObject(value)) {
      const some = onlyFields(value, wanted);
      if (Object.keys(some).length > 0) kept.push([key, some]);
    }
  }
  return Object.fromEntries(kept);
}
