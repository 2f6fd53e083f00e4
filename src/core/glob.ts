/**
 * Glob patterns (appendices, "Glob-style matching"): `*` is any run of characters, `?` one character. Time is at most
 * pattern × text and linear for patterns as people write them; no regular expression is made, so no pattern of a
 * stranger can blow up (CVE-2023-45129).
 */
export type Glob = (text: string) => boolean;

export interface GlobOptions {
  /** Compare without regard to case, as server ACLs do. */
  readonly ignoreCase?: boolean;
}

/** Compiles a pattern once for many texts. */
export function compileGlob(pattern: string, options: GlobOptions = {}): Glob {
  const fold = options.ignoreCase === true ? (text: string) => text.toLowerCase() : (text: string) => text;
  const folded = fold(pattern).replace(/\*+/g, '*');
  if (!/[*?]/.test(folded)) return text => fold(text) === folded;
  if (folded === '*') return () => true;
  // Code points, so that `?` takes one emoji and not half of it.
  const units = [...folded];
  return text => matches(units, [...fold(text)]);
}

/** Whether `text` as a whole matches `pattern`. */
export function globMatches(pattern: string, text: string, options: GlobOptions = {}): boolean {
  return compileGlob(pattern, options)(text);
}

/**
 * The greedy matcher with one point to come back to: after a later `*` earlier ones need never be tried again, so
 * there is no exponential case.
 */
function matches(pattern: readonly string[], text: readonly string[]): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let retry = 0;
  while (t < text.length) {
    const unit = pattern[p];
    if (unit === '*') {
      star = p++;
      retry = t;
    } else if (unit !== undefined && (unit === '?' || unit === text[t])) {
      p++;
      t++;
    } else if (star !== -1) {
      p = star + 1;
      t = ++retry;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
