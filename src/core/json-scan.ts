/**
 * One pass over a JSON text for what JSON.parse does not tell. The scan trusts nothing about the syntax: it only
 * needs to be right for texts that JSON.parse takes afterwards.
 */
export interface JsonScan {
  /** Colons outside strings: the members of all objects. */
  readonly members: number;
  readonly tooDeep: boolean;
  /** An escape such as `\ud800` without its other half. */
  readonly loneSurrogate: boolean;
  /** A number beyond what a double can hold. */
  readonly overflow: boolean;
  /** The first number that canonical JSON cannot say, as written. */
  readonly badNumber: string | undefined;
}

const QUOTE = 0x22;
const MINUS = 0x2d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LETTER_U = 0x75;

export function scanJson(text: string, maxDepth: number): JsonScan {
  let members = 0;
  let depth = 0;
  let loneSurrogate = false;
  let overflow = false;
  let badNumber: string | undefined;
  let backslash = text.indexOf('\\');
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) {
      let end = text.indexOf('"', i + 1);
      if (end === -1) break;
      if (backslash !== -1 && backslash < end) {
        end = scanEscapes(text, i + 1);
        if (end < 0) {
          loneSurrogate = true;
          end = -end;
        }
        backslash = text.indexOf('\\', end);
      }
      i = end;
    } else if (unit === COLON) members++;
    else if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) {
      if (++depth > maxDepth) return { members, tooDeep: true, loneSurrogate, overflow, badNumber };
    } else if (unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) depth--;
    else if (unit === MINUS || (unit >= DIGIT_0 && unit <= DIGIT_9)) {
      const end = numberEnd(text, i);
      if (end - i > 15 || !isPlainInteger(text, i, end)) {
        const number = text.slice(i, end);
        if (!isCanonicalInteger(number)) badNumber ??= number;
        if (!Number.isFinite(Number(number))) overflow = true;
      }
      i = end - 1;
    }
  }
  return { members, tooDeep: false, loneSurrogate, overflow, badNumber };
}

/**
 * The index of the closing quote of the string whose text starts at `from`; negative when the string holds an
 * escaped lone surrogate. Unescaped halves were refused before (`isWellFormed`), so pairs are both escaped.
 */
function scanEscapes(text: string, from: number): number {
  let lone = false;
  let i = from;
  for (; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) break;
    if (unit !== BACKSLASH) continue;
    i++;
    if (text.charCodeAt(i) !== LETTER_U) continue;
    const high = hex4(text, i + 1);
    i += 4;
    if (high < 0xd800 || high > 0xdfff) continue;
    const low = text.startsWith('\\u', i + 1) ? hex4(text, i + 3) : 0;
    if (high < 0xdc00 && low >= 0xdc00 && low <= 0xdfff) i += 6;
    else lone = true;
  }
  return lone ? -i : i;
}

/** Four hexadecimal digits; anything else is 0 here and an error in JSON.parse. */
function hex4(text: string, at: number): number {
  const value = Number.parseInt(text.slice(at, at + 4), 16);
  return Number.isNaN(value) ? 0 : value;
}

function numberEnd(text: string, from: number): number {
  let i = from + 1;
  for (; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const inNumber =
      (unit >= DIGIT_0 && unit <= DIGIT_9) ||
      unit === 0x2e ||
      unit === 0x65 ||
      unit === 0x45 ||
      unit === 0x2b ||
      unit === MINUS;
    if (!inNumber) break;
  }
  return i;
}

/** Digits only, perhaps after a minus; `-0` is not plain. */
function isPlainInteger(text: string, from: number, end: number): boolean {
  let i = from;
  if (text.charCodeAt(i) === MINUS) {
    i++;
    if (text.charCodeAt(i) === DIGIT_0) return false;
  }
  for (; i < end; i++) {
    const unit = text.charCodeAt(i);
    if (unit < DIGIT_0 || unit > DIGIT_9) return false;
  }
  return true;
}

function isCanonicalInteger(number: string): boolean {
  return /^(0|-?[1-9][0-9]*)$/.test(number) && Number.isSafeInteger(Number(number));
}
