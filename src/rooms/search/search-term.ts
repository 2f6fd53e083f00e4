import { plain, wordsOf } from './words.ts';

/** Words that stand one after the other; the last one may be the beginning of a longer word. */
export interface Phrase {
  readonly words: readonly string[];
  readonly isPrefix: boolean;
}

/** All phrases have to be found, in any order. */
export type SearchTerm = readonly Phrase[];

const MOST_PHRASES = 30;
const LONGEST_TERM = 1000;
/** Shorter words are looked for as they are: half of all words begin with `a`. */
const LEAST_PREFIX = 3;
const HANGUL = /\p{Script=Hangul}/u;

/** Reads what a user looks for: a list of words, without operators. A word finds those that begin with it. */
export function readTerm(text: string): SearchTerm {
  const phrases: Phrase[] = [];
  const runs = Map.groupBy(wordsOf(text.slice(0, LONGEST_TERM)), word => word.run);
  for (const run of runs.values()) {
    const words = run.map(word => word.text);
    const last = words.at(-1) ?? '';
    if (run[0]?.isPair !== true) {
      // Korean hangs particles to its words.
      phrases.push({ words, isPrefix: last.length >= LEAST_PREFIX || HANGUL.test(last) });
    } else {
      phrases.push(words.length === 1 ? { words, isPrefix: true } : { words: words.slice(0, -1), isPrefix: false });
    }
  }
  return phrases.slice(0, MOST_PHRASES);
}

/** What is read of a text to rank it and to mark what was found, in characters. */
export const LONGEST_RANKED = 4096;

/** What a matching text is worth, more being better: how much of it (of its beginning) is what was looked for. */
export function rankOf(text: string, term: SearchTerm): number {
  const words = wordsOf(text.slice(0, LONGEST_RANKED));
  const hits = term.map(phrase => words.filter(word => matches(word.text, phrase)).length);
  return hits.reduce((sum, count) => sum + Math.log1p(count), 0) / (1 + Math.log1p(words.length));
}

/** The words of a text that a client marks as found, as they are written there. */
export function highlightsOf(text: string, term: SearchTerm): string[] {
  const found = new Set<string>();
  const wanted = term.map(phrase => ({
    looked: phrase.words.map((word, at) => (at === 0 ? word : [...word].slice(1).join(''))).join(''),
    isPart: phrase.words.length > 1 || isSpaceless(phrase),
    isPrefix: phrase.isPrefix,
  }));
  for (const [written] of text.slice(0, LONGEST_RANKED).matchAll(/[\p{L}\p{N}\p{M}]+/gu)) {
    const letters = plain(written);
    for (const { looked, isPart, isPrefix } of wanted) {
      if (isPart && letters.includes(looked)) found.add(looked);
      else if (!isPart && (isPrefix ? letters.startsWith(looked) : letters === looked))
        found.add(written.toLowerCase());
    }
  }
  return [...found];
}

function isSpaceless(phrase: Phrase): boolean {
  return wordsOf(phrase.words[0] ?? '')[0]?.isPair === true;
}

function matches(word: string, { words, isPrefix }: Phrase): boolean {
  const first = words[0] ?? '';
  return isPrefix ? word.startsWith(first) : word === first;
}
