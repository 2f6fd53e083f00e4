/** `[A-Za-z0-9_]`, as the specification's word boundaries have it: other letters are no word characters. */
function isWordUnit(unit: number): boolean {
  return (
    (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x30 && unit <= 0x39) || unit === 0x5f
  );
}

/** Whether a match may start or end at `at`: anywhere but between two word characters. */
export function isWordBoundary(text: string, at: number): boolean {
  if (at <= 0 || at >= text.length) return true;
  return !(isWordUnit(text.charCodeAt(at - 1)) && isWordUnit(text.charCodeAt(at)));
}

/** For each prefix of `needle`, the length of the longest proper prefix that is its suffix (Knuth, Morris, Pratt). */
export function failureTable(needle: string): Uint16Array | Uint32Array {
  const table = needle.length < 65_536 ? new Uint16Array(needle.length) : new Uint32Array(needle.length);
  let matched = 0;
  for (let at = 1; at < needle.length; at++) {
    const unit = needle.charCodeAt(at);
    while (matched > 0 && needle.charCodeAt(matched) !== unit) matched = table[matched - 1]!;
    if (needle.charCodeAt(matched) === unit) matched++;
    table[at] = matched;
  }
  return table;
}

/**
 * Whether `needle` stands in `text` between two word boundaries. Takes time linear in both lengths whatever they
 * hold: the needle is never a regular expression, and no text makes it start over.
 */
export function containsWord(text: string, needle: string, table = failureTable(needle)): boolean {
  if (needle.length === 0) return true;
  let matched = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    while (matched > 0 && needle.charCodeAt(matched) !== unit) matched = table[matched - 1]!;
    if (needle.charCodeAt(matched) === unit) matched++;
    if (matched < needle.length) continue;
    if (isWordBoundary(text, at + 1) && isWordBoundary(text, at + 1 - needle.length)) return true;
    matched = table[matched - 1]!;
  }
  return false;
}
