import { isUserId, type UserId } from '../../../core/ids.ts';
import { invalidParam } from '../../../core/matrix-error.ts';

/** @throws MatrixError M_INVALID_PARAM */
export function requireUserId(text: string): UserId {
  if (!isUserId(text)) throw invalidParam('This is not a user ID.');
  return text;
}

/** The same fields under the prefix they had before they were part of the specification (MSC4133). */
export const UNSTABLE_FIELD_PATH = '/_matrix/client/unstable/uk.tcpip.msc4133/profile/:userId/:keyName';
