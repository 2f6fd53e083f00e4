import { JsonError } from './json.ts';

/**
 * The raw texts of the elements of the array under the top-level key `key`, so that one bad event of a federation
 * transaction can be refused while its neighbours are parsed: `parseJson` on the whole body cannot tell which one
 * held a float. The text must already have passed `parseJson(text, 'lenient')`.
 *
 * @throws {JsonError} when the top level is no object or holds no array under `key`
 */
export function arrayElementTexts(text: string, key: string): string[] {
  const start = arrayStart(text, JSON.stringify(key));
  if (start === undefined) throw new JsonError('bad_json', `${key} is not an array`);
  const elements: string[] = [];
  let from = start;
  for (;;) {
    const end = valueEnd(text, from);
    const element = text.slice(from, end).trim();
    if (element !== '') elements.push(element);
    if (text[end] !== ',') return elements;
    from = end + 1;
  }
}

/** Where the first element of the array under `quotedKey` may start. */
function arrayStart(text: string, quotedKey: string): number | undefined {
  let i = skipSpace(text, 0);
  if (text[i] !== '{') return undefined;
  i++;
  for (;;) {
    i = skipSpace(text, i);
    if (text[i] !== '"') return undefined;
    const keyEnd = stringEnd(text, i);
    // Keys are compared after unescaping: "pdu\u0073" names the same member.
    const isKey = JSON.stringify(JSON.parse(text.slice(i, keyEnd))) === quotedKey;
    i = skipSpace(text, skipSpace(text, keyEnd) + 1);
    if (isKey) return text[i] === '[' ? i + 1 : undefined;
    i = valueEnd(text, i);
    if (text[i] !== ',') return undefined;
    i++;
  }
}

/** The index of the comma or bracket that ends the value starting at `from`. */
function valueEnd(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const char = text[i]!;
    if (char === '"') i = stringEnd(text, i) - 1;
    else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') {
      if (depth === 0) return i;
      depth--;
    } else if (char === ',' && depth === 0) return i;
  }
  return text.length;
}

function stringEnd(text: string, quote: number): number {
  for (let i = quote + 1; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x22) return i + 1;
    if (unit === 0x5c) i++;
  }
  return text.length;
}

function skipSpace(text: string, from: number): number {
  let i = from;
  while (i < text.length && text.charCodeAt(i) <= 0x20) i++;
  return i;
}
