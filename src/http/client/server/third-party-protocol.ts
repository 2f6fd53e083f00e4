import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';

/** Of a network that no bridge of this server speaks to there is nothing to tell. */
export function unknownProtocol(): Error {
  return notFound('No bridge of this server speaks that protocol.');
}

/** getProtocolMetadata */
export const thirdPartyProtocol = () =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/thirdparty/protocol/:protocol',
    auth: 'user',
    async handle() {
      throw unknownProtocol();
    },
  });
