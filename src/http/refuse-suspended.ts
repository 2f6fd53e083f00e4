import type { Requester } from '../accounts/requester.ts';
import { MatrixError } from '../core/matrix-error.ts';

/** For what suspended accounts may not do (client-server API, "Account suspension"). @throws MatrixError M_USER_SUSPENDED */
export function refuseSuspended(user: Requester): void {
  if (user.isSuspended) {
    throw new MatrixError('M_USER_SUSPENDED', 'Your account is suspended: you can read, leave and log out.');
  }
}
