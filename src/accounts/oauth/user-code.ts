import type { Random } from '../../base/random.ts';

/** Letters that make no words and are told apart (RFC 8628 section 6.1). */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LENGTH = 8;

/** What people type to let a device in: 34 bits, good for a quarter of an hour, and guesses are counted. */
export function newUserCode(random: Random): string {
  let code = '';
  while (code.length < LENGTH) {
    // 240 = 12 * 20: bytes above it would make some letters likelier than others.
    for (const byte of random.bytes(LENGTH)) if (byte < 240 && code.length < LENGTH) code += LETTERS[byte % 20];
  }
  return code;
}

/** As it is shown: `WDJB-MJHT`. */
export function shownUserCode(code: string): string {
  return `${code.slice(0, LENGTH / 2)}-${code.slice(LENGTH / 2)}`;
}

/** What somebody has typed, in small letters or with anything between them; undefined for what is no such code. */
export function typedUserCode(text: string): string | undefined {
  const code = text
    .slice(0, 40)
    .toUpperCase()
    .replace(/[^A-Z]/g, '');
  return code.length === LENGTH ? code : undefined;
}
