import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import type { ThirdPartyParts } from './third-party-protocols.ts';

/** queryUserByProtocol */
export const thirdPartyUserOfProtocol = ({ thirdParties }: ThirdPartyParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/thirdparty/user/:protocol',
    auth: 'user',
    async handle({ params, query }) {
      const found = await thirdParties.ofProtocol('user', params.protocol, query.fields());
      if (found.length === 0) throw notFound('No bridge of this server knows that.');
      return found;
    },
  });
