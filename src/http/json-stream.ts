import { Readable } from 'node:stream';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { type Reply, reply } from './endpoint.ts';

/** Text is handed on in pieces of about this many characters. */
const PIECE = 16 * 1024;

type Texts = AsyncIterable<string>;
/** Those that come one after the other, or are there. */
type Items = AsyncIterable<Json> | Iterable<Json>;
/** An array of an answer: its key, and its items as they come. */
export type StreamedArray = readonly [key: string, items: Items];

/** An answer that is one array, written as its items come: of any length in bounded memory. */
export function streamArray(items: AsyncIterable<JsonObject>): Reply {
  return stream(list('[', asText(items), ']'));
}

/** `{...head, key: [items]}`, written as the items come. */
export function streamMember(head: JsonObject, key: string, items: Items): Reply {
  return streamMembers(head, [[key, items]]);
}

/** `{...head, key: [items], ...}`, each array begun when the one before it has ended. */
export function streamMembers(head: JsonObject, arrays: readonly StreamedArray[]): Reply {
  return stream(object(head, arrays));
}

/**
 * `json` in which members of the object at `path` get an array more, each at `arrayPath` in it (objects on the way there have
 * nothing else), written as its items come.
 */
export function streamInto(
  json: JsonObject,
  path: readonly string[],
  arrayPath: readonly string[],
  arrays: ReadonlyMap<string, Items>,
): Reply {
  return stream(into(json, path, member => arrays.get(member), arrayPath));
}

/** The same behind a status, as the first version of some federation endpoints has it: `[200, {...}]`. */
export function streamMembersV1(head: JsonObject, arrays: readonly StreamedArray[]): Reply {
  return stream(list('[200,', object(head, arrays), ']', ''));
}

/** `{key: {entries}}`, written as the entries come. */
export function streamObject(key: string, entries: AsyncIterable<readonly [string, JsonObject]>): Reply {
  return stream(list(`{${JSON.stringify(key)}:{`, asMembers(entries), '}}'));
}

async function* asMembers(entries: AsyncIterable<readonly [string, JsonObject]>): AsyncGenerator<string, void> {
  for await (const [name, value] of entries) yield `${JSON.stringify(name)}:${JSON.stringify(value)}`;
}

async function* asText(items: Items): AsyncGenerator<string, void> {
  for await (const item of items) yield JSON.stringify(item);
}

async function* object(head: JsonObject, arrays: readonly StreamedArray[]): AsyncGenerator<string, void> {
  yield JSON.stringify(head).slice(0, -1);
  let separator = Object.keys(head).length === 0 ? '' : ',';
  for (const [key, items] of arrays) {
    yield* list(`${separator}${JSON.stringify(key)}:[`, asText(items), ']');
    separator = ',';
  }
  yield '}';
}

async function* into(
  json: JsonObject,
  [step, ...path]: readonly string[],
  itemsOf: (member: string) => Items | undefined,
  arrayPath: readonly string[],
): AsyncGenerator<string, void> {
  let separator = '{';
  for (const [name, value] of Object.entries(json)) {
    const items = step === undefined ? itemsOf(name) : undefined;
    yield `${separator}${JSON.stringify(name)}:`;
    separator = ',';
    if (isObject(value) && name === step) yield* into(value, path, itemsOf, arrayPath);
    else if (isObject(value) && items !== undefined) yield* withArray(value, arrayPath, items);
    else yield JSON.stringify(value);
  }
  yield separator === '{' ? '{}' : '}';
}

/** Whatever was at the beginning of the path gives way. */
function withArray(json: JsonObject, [first = '', ...path]: readonly string[], items: Items): Texts {
  const rest = Object.fromEntries(Object.entries(json).filter(([name]) => name !== first));
  const head = JSON.stringify(rest).slice(0, -1);
  const separator = head === '{' ? '' : ',';
  const opened = [first, ...path].map(name => JSON.stringify(name)).join(':{');
  return list(`${head}${separator}${opened}:[`, asText(items), `]${'}'.repeat(path.length + 1)}`);
}

async function* list(before: string, items: Texts, after: string, between = ','): AsyncGenerator<string, void> {
  yield before;
  let separator = '';
  for await (const item of items) {
    yield separator + item;
    separator = between;
  }
  yield after;
}

function stream(texts: Texts): Reply {
  return reply({ body: Readable.from(pieces(texts), { objectMode: false }) });
}

async function* pieces(texts: Texts): AsyncGenerator<string, void> {
  let piece = '';
  for await (const text of texts) {
    piece += text;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}
