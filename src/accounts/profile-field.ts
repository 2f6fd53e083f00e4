import type { Json } from '../core/json.ts';
import { invalidParam, MatrixError } from '../core/matrix-error.ts';
import { utf8Length } from '../core/utf8.ts';

/** The largest profile as JSON, in bytes (client-server API, "Profiles"). */
export const MAX_PROFILE_BYTES = 64 * 1024;
const MAX_KEY_BYTES = 255;
/** These two are copied into member events, which share 64 KiB with much else. */
const MAX_MEMBER_FIELD_BYTES = 1024;

/** @throws MatrixError M_KEY_TOO_LARGE, M_INVALID_PARAM unless the name is a known or a namespaced one */
export function requireFieldName(field: string): void {
  if (utf8Length(field) > MAX_KEY_BYTES) {
    throw new MatrixError('M_KEY_TOO_LARGE', `The name of a profile field has at most ${MAX_KEY_BYTES} bytes.`);
  }
  if (isProfileField(field)) return;
  throw invalidParam('A profile field is displayname, avatar_url, or a namespaced name such as org.example.colour.');
}

/** Whether a field may have this name: a known or a namespaced one. */
export function isProfileField(field: string): boolean {
  return field.length <= MAX_KEY_BYTES && (isMemberField(field) || /^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)+$/.test(field));
}

/** Whether member events show the field. */
export function isMemberField(field: string): field is 'displayname' | 'avatar_url' {
  return field === 'displayname' || field === 'avatar_url';
}

/**
 * The value to store; undefined when the field is to be removed: nothing shows a name or picture that is empty, and
 * clients empty them to be rid of them. @throws MatrixError M_INVALID_PARAM
 */
export function fieldValue(field: string, value: Json): Json | undefined {
  if (!isMemberField(field)) {
    if (field === 'm.tz' && typeof value !== 'string') throw invalidParam('A time zone is the name of one.');
    return value;
  }
  if (value === null || value === '') return undefined;
  if (typeof value !== 'string') throw invalidParam(`${field} must be a string.`);
  if (utf8Length(value) > MAX_MEMBER_FIELD_BYTES) {
    throw invalidParam(`${field} must have at most ${MAX_MEMBER_FIELD_BYTES} bytes.`);
  }
  if (field === 'avatar_url') requirePicture(value);
  return value;
}

/**
 * The specification wants a URI; text that is none shows no picture and does no harm, and other servers (Complement's
 * TestAvatarUrlUpdate too) take it. A URI of another scheme does: whoever looks at it would ask a stranger's server.
 */
function requirePicture(value: string): void {
  if (/^[a-z][a-z0-9+.-]*:/i.test(value) && !value.startsWith('mxc://')) {
    throw invalidParam('avatar_url must be an mxc:// URI.');
  }
}
