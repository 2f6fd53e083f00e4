import type { Sessions } from '../../../accounts/sessions.ts';
import { endpoint } from '../../endpoint.ts';

/** Client-server API, `POST /logout`: ends this session and deletes its device. */
export const logOut = ({ sessions }: { readonly sessions: Sessions }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/logout',
    auth: 'user',
    allowLocked: true,
    async handle({ user }) {
      await sessions.logout(user);
      return {};
    },
  });
