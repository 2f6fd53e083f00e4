import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import type { ThirdPartyParts } from './third-party-protocols.ts';

/** getProtocolMetadata */
export const thirdPartyProtocol = ({ thirdParties }: ThirdPartyParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/thirdparty/protocol/:protocol',
    auth: 'user',
    async handle({ params }) {
      const found = await thirdParties.protocol(params.protocol);
      if (found === undefined) throw notFound('No bridge of this server speaks that protocol.');
      return found;
    },
  });
