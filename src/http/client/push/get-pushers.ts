import type { Pushers } from '../../../push/pushers.ts';
import { endpoint } from '../../endpoint.ts';

/** getPushers */
export const getPushers = ({ pushers }: { readonly pushers: Pushers }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/pushers',
    auth: 'user',
    async handle({ user }) {
      return { pushers: await pushers.list(user.userNid) };
    },
  });
