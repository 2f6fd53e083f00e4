import { Readable } from 'node:stream';
import type { JsonObject } from '../core/json.ts';
import { type Reply, reply } from './endpoint.ts';

/** Text is handed on in pieces of about this many characters. */
const PIECE = 16 * 1024;

/** An answer that is one array, written as its items come: of any length in bounded memory. */
export function streamArray(items: AsyncIterable<JsonObject>): Reply {
  return stream('[', items, ']');
}

/** `{...head, key: [items]}`, written as the items come. */
export function streamMember(head: JsonObject, key: string, items: AsyncIterable<JsonObject>): Reply {
  const before = JSON.stringify(head).slice(0, -1);
  const separator = before === '{' ? '' : ',';
  return stream(`${before}${separator}${JSON.stringify(key)}:[`, items, ']}');
}

/** `{key: {entries}}`, written as the entries come. */
export function streamObject(key: string, entries: AsyncIterable<readonly [string, JsonObject]>): Reply {
  return streamTexts(`{${JSON.stringify(key)}:{`, texts(entries), '}}');
}

async function* texts(entries: AsyncIterable<readonly [string, JsonObject]>): AsyncIterableIterator<string> {
  for await (const [name, value] of entries) yield `${JSON.stringify(name)}:${JSON.stringify(value)}`;
}

function stream(before: string, items: AsyncIterable<JsonObject>, after: string): Reply {
  return streamTexts(before, asText(items), after);
}

async function* asText(items: AsyncIterable<JsonObject>): AsyncIterableIterator<string> {
  for await (const item of items) yield JSON.stringify(item);
}

function streamTexts(before: string, items: AsyncIterable<string>, after: string): Reply {
  return reply({ body: Readable.from(pieces(before, items, after), { objectMode: false }) });
}

async function* pieces(before: string, items: AsyncIterable<string>, after: string): AsyncIterableIterator<string> {
  let text = before;
  let separator = '';
  for await (const item of items) {
    text += separator + item;
    separator = ',';
    if (text.length < PIECE) continue;
    yield text;
    text = '';
  }
  yield text + after;
}
