/**
 * Cuts text into the words that search knows, in the index and in questions alike. Case, accents and the vowel points of
 * Hebrew and Arabic do not count. Scripts that write no spaces (Chinese, Japanese, Thai ...) are cut into overlapping
 * pairs of letters, so that any two letters that stand together are found, without dictionaries. Nothing but letters,
 * digits and their marks is ever part of a word: what databases give a meaning to cannot get through.
 */
export interface Word {
  readonly text: string;
  /** A pair of letters (or the last letter) out of a script without spaces. */
  readonly isPair: boolean;
  /** The run of letters that it stands in: pairs of one run belong together. */
  readonly run: number;
}

/** In code points: what is longer (keys, encoded files) is found by its beginning. */
const LONGEST_WORD = 48;
const MOST_WORDS = 4000;
const LONGEST_TEXT = 65_536;

const MARKS = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u064b-\u065f\u0670]/g;
const RUNS = /[\p{L}\p{N}\p{M}]+/gu;
const SPACELESS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]+/gu;

export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  let run = 0;
  for (const [letters] of plain(text).matchAll(RUNS)) {
    for (const part of parts(letters)) {
      run++;
      for (const word of part.isSpaceless ? pairs(part.text) : [[...part.text].slice(0, LONGEST_WORD).join('')]) {
        if (words.length === MOST_WORDS) return words;
        words.push({ text: word, isPair: part.isSpaceless, run });
      }
    }
  }
  return words;
}

/** Without case, accents and variants of letters. */
export function plain(text: string): string {
  return text
    .slice(0, LONGEST_TEXT)
    .normalize('NFKD')
    .replace(MARKS, '')
    .normalize('NFC')
    .toLowerCase()
    .replaceAll('ß', 'ss');
}

function parts(letters: string): { text: string; isSpaceless: boolean }[] {
  const found: { text: string; isSpaceless: boolean }[] = [];
  let end = 0;
  for (const match of letters.matchAll(SPACELESS)) {
    if (match.index > end) found.push({ text: letters.slice(end, match.index), isSpaceless: false });
    found.push({ text: match[0], isSpaceless: true });
    end = match.index + match[0].length;
  }
  if (end < letters.length) found.push({ text: letters.slice(end), isSpaceless: false });
  return found;
}

/** The last letter stands alone, so that every letter begins a pair. */
function pairs(letters: string): string[] {
  const each = [...letters];
  return each.map((letter, at) => letter + (each[at + 1] ?? ''));
}
