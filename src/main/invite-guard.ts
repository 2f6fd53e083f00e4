import { forbidden } from '../core/matrix-error.ts';
import type { InviteGuard } from '../federation/membership/ports.ts';
import type { Parts } from './compose-parts.ts';

/** Invites from other servers reach users who have an account here, and not too many of them one user or from one server. */
export function inviteGuard({ accounts }: Pick<Parts, 'accounts'>): InviteGuard {
  return {
    async admit(origin, target) {
      accounts.limits.countKey('invite', `invites from ${origin}`);
      accounts.limits.countKey('invite', `invites to ${target}`);
      const user = await accounts.users.find(target);
      if (user === undefined || user.isDeactivated) throw forbidden('There is no such user on this server.');
    },
  };
}
