import { compareCodePoints, quote } from './canonical-json.ts';
import { JsonError } from './json.ts';

const MAX_DEPTH = 200;

/**
 * Canonical JSON made from a JSON text, with every number left as it was written. For checking what others signed:
 * their floats (`1.0`, `1e-07`) and integers beyond 2^53 are lost once JSON.parse has seen them, and one such number
 * in one message would make a whole transaction's signature look wrong for ever. A sender signs the numbers that it
 * sends, so leaving them alone is right for every implementation.
 *
 * @param text one that `parseJson(text, 'lenient')` takes
 * @throws {JsonError} for a text that it would not take
 */
export function canonicalizeText(text: string): string {
  return new Canonicalizer(text).document();
}

/** Numbers, true, false and null: whatever runs up to the next space or punctuation. */
const SCALAR = /[^\s,:[\]{}"]+/y;
const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\]|\\[\s\S])*"/y;

class Canonicalizer {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): string {
    const value = this.#value(0);
    this.#take(SPACE);
    if (this.#at !== this.#text.length) throw new JsonError('not_json', 'something follows the JSON value');
    return value;
  }

  #value(depth: number): string {
    if (depth > MAX_DEPTH) throw new JsonError('bad_json', 'value is nested too deeply');
    this.#take(SPACE);
    const next = this.#text[this.#at];
    if (next === '{') return this.#object(depth);
    if (next === '[') return this.#array(depth);
    return next === '"' ? quote(this.#string()) : this.#need(SCALAR);
  }

  #object(depth: number): string {
    const members: [key: string, value: string][] = [];
    this.#list('}', () => {
      this.#take(SPACE);
      const key = this.#string();
      this.#take(SPACE);
      this.#symbol(':');
      members.push([key, this.#value(depth + 1)]);
    });
    members.sort((a, b) => compareCodePoints(a[0], b[0]));
    return `{${members.map(([key, value]) => `${quote(key)}:${value}`).join(',')}}`;
  }

  #array(depth: number): string {
    const items: string[] = [];
    this.#list(']', () => items.push(this.#value(depth + 1)));
    return `[${items.join(',')}]`;
  }

  /** From the opening bracket past the closing one, calling `item` where each entry begins. */
  #list(close: string, item: () => void): void {
    this.#at++;
    this.#take(SPACE);
    if (this.#text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (;;) {
      item();
      this.#take(SPACE);
      if (this.#text[this.#at] !== ',') break;
      this.#at++;
    }
    this.#symbol(close);
  }

  #string(): string {
    const text = this.#need(STRING);
    return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1);
  }

  #symbol(symbol: string): void {
    if (this.#text[this.#at] !== symbol) throw new JsonError('not_json', `${symbol} is missing`);
    this.#at++;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match?.[0];
  }

  #need(pattern: RegExp): string {
    const taken = this.#take(pattern);
    if (taken === undefined) throw new JsonError('not_json', 'Content is not JSON');
    return taken;
  }
}
