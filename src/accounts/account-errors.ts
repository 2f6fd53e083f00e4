import { MatrixError } from '../core/matrix-error.ts';
import type { Requester } from './requester.ts';
import type { User } from './users.ts';

/** `softLogout`: the client may log in again and go on with the keys it has. */
export function unknownToken(message: string, softLogout: boolean): MatrixError {
  return new MatrixError('M_UNKNOWN_TOKEN', message, { fields: { soft_logout: softLogout } });
}

/** Client-server API, "Account locking". */
export function locked(): MatrixError {
  return new MatrixError('M_USER_LOCKED', 'This account has been locked.', { fields: { soft_logout: true } });
}

export function deactivated(): MatrixError {
  return new MatrixError('M_USER_DEACTIVATED', 'This account has been deactivated.');
}

/** MSC3866. */
export function awaitingApproval(): MatrixError {
  return new MatrixError(
    'ORG.MATRIX.MSC3866_USER_AWAITING_APPROVAL',
    'An administrator has to approve this account before it can be used.',
    { fields: { approval_notice_medium: 'org.matrix.msc3866.none' } },
  );
}

/** @throws MatrixError M_USER_DEACTIVATED, M_USER_LOCKED, ORG.MATRIX.MSC3866_USER_AWAITING_APPROVAL */
export function requireMayLogIn(user: User | undefined): asserts user is User {
  if (user === undefined || user.isDeactivated) throw deactivated();
  if (user.isLocked) throw locked();
  if (!user.isApproved) throw awaitingApproval();
}

/** Client-server API, "Account suspension". @throws MatrixError M_USER_SUSPENDED */
export function requireNotSuspended(requester: Requester): void {
  if (requester.isSuspended) throw new MatrixError('M_USER_SUSPENDED', 'This account has been suspended.');
}
