import { localpartOf, type UserId } from '../core/ids.ts';

/** Per name, and per search. */
const MOST_WORDS = 40;
const LONGEST_WORD = 100;
const MOST_SEARCHED = 10;

const segmenter = new Intl.Segmenter('en', { granularity: 'word' });

/** Without differences of case, width, composition and accents. */
export function foldForSearch(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .toUpperCase()
    .toLowerCase()
    .replaceAll('ς', 'σ');
}

/** The words that a display name is found by: as it is split by spaces, by signs, and where a language has no spaces. */
export function nameWords(name: string): string[] {
  const folded = foldForSearch(name.slice(0, LONGEST_WORD * MOST_WORDS));
  const segments = [...segmenter.segment(folded)].flatMap(({ segment, isWordLike }) => (isWordLike ? [segment] : []));
  return limited([...pieces(folded), ...runs(folded), ...segments]);
}

/** The words that a user ID is found by: the whole of it without the @, and the pieces of the localpart. */
export function userIdWords(userId: UserId): string[] {
  const folded = foldForSearch(localpartOf(userId));
  return limited([foldForSearch(userId.slice(1)), folded, ...runs(folded)]);
}

/** What a search looks for: every one of these must begin a word of the user. */
export function searchedWords(term: string): string[] {
  return limited(pieces(foldForSearch(term.slice(0, LONGEST_WORD * MOST_WORDS)))).slice(0, MOST_SEARCHED);
}

function pieces(folded: string): string[] {
  return folded.split(/\s+/u).map(piece => piece.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, ''));
}

function runs(folded: string): string[] {
  return folded.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
}

function limited(words: readonly string[]): string[] {
  const cut = words.map(word => [...word].slice(0, LONGEST_WORD).join(''));
  return [...new Set(cut)].filter(word => word !== '').slice(0, MOST_WORDS);
}
