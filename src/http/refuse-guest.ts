import type { Requester } from '../accounts/requester.ts';
import { MatrixError } from '../core/matrix-error.ts';

/** For what needs an account of one's own (client-server API, "Guest Access"). @throws MatrixError M_GUEST_ACCESS_FORBIDDEN */
export function refuseGuest(user: Requester): void {
  if (user.isGuest) throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'Guests may not do this. Register an account.');
}
