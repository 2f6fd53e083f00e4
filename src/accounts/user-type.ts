import { invalidParam } from '../core/matrix-error.ts';

const LONGEST = 100;

/** A type is any short text, such as `bot`; people have none. @throws MatrixError M_INVALID_PARAM */
export function requireUserType(userType: string | null | undefined): void {
  if (typeof userType !== 'string') return;
  if (userType === '' || userType.length > LONGEST) throw invalidParam(`A user type has 1 to ${LONGEST} characters.`);
}
