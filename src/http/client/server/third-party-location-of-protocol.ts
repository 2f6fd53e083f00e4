import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import type { ThirdPartyParts } from './third-party-protocols.ts';

/** queryLocationByProtocol */
export const thirdPartyLocationOfProtocol = ({ thirdParties }: ThirdPartyParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/thirdparty/location/:protocol',
    auth: 'user',
    async handle({ params, query }) {
      const found = await thirdParties.ofProtocol('location', params.protocol, query.fields());
      if (found.length === 0) throw notFound('No bridge of this server knows that.');
      return found;
    },
  });
