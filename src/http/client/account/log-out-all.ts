import type { Sessions } from '../../../accounts/sessions.ts';
import { endpoint } from '../../endpoint.ts';

/** Client-server API, `POST /logout/all`. */
export const logOutAll = ({ sessions }: { readonly sessions: Sessions }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/logout/all',
    auth: 'user',
    allowLocked: true,
    async handle({ user }) {
      await sessions.logoutAll(user.userNid);
      return {};
    },
  });
