import { endpoint } from '../../endpoint.ts';
import { unknownProtocol } from './third-party-protocol.ts';

/** queryLocationByProtocol */
export const thirdPartyLocationOfProtocol = () =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/thirdparty/location/:protocol',
    auth: 'user',
    async handle() {
      throw unknownProtocol();
    },
  });
