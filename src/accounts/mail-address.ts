import { invalidParam } from '../core/matrix-error.ts';
import { utf8Length } from '../core/utf8.ts';

/** RFC 5321, section 4.5.3.1.3, without the angle brackets. */
const LONGEST_BYTES = 254;
/** No quoted localparts and no comments: nobody has such an address, and much software is misled by them. */
const ADDRESS =
  /^[^\s@<>()[\]\\,;:"\p{Cc}\p{Cf}]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,}$/u;

/**
 * A mail address in the one form in which it is stored and compared: case does not tell two apart (identity service API,
 * "Email associations"). @throws MatrixError M_INVALID_PARAM
 */
export function mailAddress(text: string): string {
  const address = text.trim().normalize('NFC').toUpperCase().toLowerCase();
  if (utf8Length(address) > LONGEST_BYTES || !ADDRESS.test(address)) throw invalidParam('This is no mail address.');
  return address;
}
