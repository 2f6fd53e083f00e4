import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import type { ThirdPartyParts } from './third-party-protocols.ts';

/** queryUserByID: whom a user of ours stands for in other networks. */
export const thirdPartyUser = ({ thirdParties }: ThirdPartyParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/thirdparty/user',
    auth: 'user',
    async handle({ query }) {
      const found = await thirdParties.behind('user', query.required('userid'));
      if (found.length === 0) throw notFound('No bridge of this server knows that.');
      return found;
    },
  });
