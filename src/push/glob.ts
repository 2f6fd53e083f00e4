import { containsWord, failureTable, isWordBoundary } from './word-search.ts';

/** A compiled pattern. The texts it is given must be in lower case: see `compileGlob`. */
export interface TextMatcher {
  /** Whether the whole text matches. */
  whole(text: string): boolean;
  /** Whether a part of the text matches that starts and ends at a word boundary. */
  word(text: string): boolean;
  /** About what the matcher keeps in memory. */
  readonly bytes: number;
  /** What a character of text costs, in steps of about 20 ns. */
  readonly effort: number;
}

/**
 * Compiles a glob (appendices, "Glob-style matching"): `*` is zero or more characters, `?` is exactly one code point.
 * The pattern is put into lower case here; whoever matches puts the text into lower case once per event.
 * Matching takes time proportional to text length times pattern length / 32, for every text and pattern.
 */
export function compileGlob(pattern: string): TextMatcher {
  const lower = pattern.toLowerCase();
  return /[*?]/.test(lower) ? new GlobMatcher(lower) : literalMatcher(lower);
}

function literalMatcher(literal: string): TextMatcher {
  const table = failureTable(literal);
  return {
    whole: text => text === literal,
    // Most texts do not hold most words, which the engine's own search finds out ten times faster.
    word: text => text.includes(literal) && containsWord(text, literal, table),
    bytes: literal.length * 4 + 100,
    effort: 0.25,
  };
}

const ANY = -1;

/**
 * All positions of the pattern that the text can have reached are one bit set: bit i says that the first i tokens
 * are matched. A character shifts the set by one and keeps the bits whose token it is; a star keeps its bit.
 * Nothing is ever tried twice, which is what backtracking matchers are attacked with (CVE-2021-29471).
 */
class GlobMatcher implements TextMatcher {
  readonly bytes: number;
  readonly effort: number;
  readonly #words: number;
  readonly #accept: number;
  readonly #stars: Uint32Array;
  readonly #any: Uint32Array;
  readonly #masks = new Map<number, Uint32Array>();

  constructor(pattern: string) {
    const { tokens, stars } = tokensOf(pattern);
    this.#accept = tokens.length;
    this.#words = (tokens.length >>> 5) + 1;
    this.#stars = new Uint32Array(this.#words);
    for (const at of stars) setBit(this.#stars, at);
    this.#any = new Uint32Array(this.#words);
    for (const [at, token] of tokens.entries()) if (token === ANY) setBit(this.#any, at + 1);
    for (const [at, token] of tokens.entries()) if (token !== ANY) setBit(this.#mask(token), at + 1);
    this.effort = this.#words;
    this.bytes = 300 + (this.#masks.size + 2) * (this.#words * 4 + 150);
  }

  #mask(token: number): Uint32Array {
    let mask = this.#masks.get(token);
    if (mask === undefined) {
      mask = this.#any.slice();
      this.#masks.set(token, mask);
    }
    return mask;
  }

  whole(text: string): boolean {
    return this.#run(text, false);
  }

  word(text: string): boolean {
    return this.#run(text, true);
  }

  #run(text: string, anywhere: boolean): boolean {
    const reached = new Uint32Array(this.#words);
    setBit(reached, 0);
    if (anywhere && hasBit(reached, this.#accept)) return true;
    for (let at = 0; at < text.length; ) {
      const point = text.codePointAt(at) ?? 0;
      at += point > 0xffff ? 2 : 1;
      this.#step(reached, this.#masks.get(point) ?? this.#any);
      if (!anywhere || !isWordBoundary(text, at)) continue;
      if (hasBit(reached, this.#accept)) return true;
      setBit(reached, 0);
    }
    return hasBit(reached, this.#accept);
  }

  #step(reached: Uint32Array, mask: Uint32Array): void {
    let carry = 0;
    for (let word = 0; word < this.#words; word++) {
      const before = reached[word]!;
      reached[word] = (((before << 1) | carry) & mask[word]!) | (before & this.#stars[word]!);
      carry = before >>> 31;
    }
  }
}

/** The code points of a pattern without its stars, and the numbers of tokens that stand before each star. */
function tokensOf(pattern: string): { tokens: number[]; stars: number[] } {
  const tokens: number[] = [];
  const stars: number[] = [];
  for (const character of pattern) {
    if (character === '*') stars.push(tokens.length);
    else tokens.push(character === '?' ? ANY : (character.codePointAt(0) ?? 0));
  }
  return { tokens, stars };
}

function setBit(bits: Uint32Array, at: number): void {
  bits[at >>> 5]! |= 1 << (at & 31);
}

function hasBit(bits: Uint32Array, at: number): boolean {
  return (bits[at >>> 5]! & (1 << (at & 31))) !== 0;
}
