import { Readable } from 'node:stream';
import type { Json, JsonObject } from '../core/json.ts';
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
