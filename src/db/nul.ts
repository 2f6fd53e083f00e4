/**
 * PostgreSQL's text cannot hold U+0000, Matrix strings can. The last code point of Unicode, a noncharacter,
 * escapes it: U+0000 is stored as U+10FFFF '0', U+10FFFF itself as U+10FFFF '1'. Both drivers do the same, so that
 * a database can be copied from one to the other.
 */
const ESCAPE = '\u{10ffff}';
// Built from strings: a control character in a regular expression literal is refused by the linter.
const TO_ESCAPE = new RegExp(`\\u0000|${ESCAPE}`, 'gu');
const ESCAPED = new RegExp(`${ESCAPE}([01])`, 'gu');

export function escapeNul(text: string): string {
  if (!text.includes('\0') && !text.includes(ESCAPE)) return text;
  return text.replace(TO_ESCAPE, found => (found === '\0' ? `${ESCAPE}0` : `${ESCAPE}1`));
}

export function unescapeNul(text: string): string {
  if (!text.includes(ESCAPE)) return text;
  return text.replace(ESCAPED, (_, which: string) => (which === '0' ? '\0' : ESCAPE));
}

/** A list as JSON whose texts are escaped already: as `bind` takes it, nothing in it is escaped a second time. */
export function escapedJson(values: readonly (string | number)[]): string {
  const plain = JSON.stringify(values);
  if (!plain.includes('\\u0000') && !plain.includes(ESCAPE)) return plain;
  const escaped = values.map(value => (typeof value === 'string' ? escapeNul(value) : value));
  return JSON.stringify(escaped).replaceAll(ESCAPE, '\\udbff\\udfff');
}
