import { endpoint } from '../../endpoint.ts';
import { unknownProtocol } from './third-party-protocol.ts';

/** queryUserByProtocol */
export const thirdPartyUserOfProtocol = () =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/thirdparty/user/:protocol',
    auth: 'user',
    async handle() {
      throw unknownProtocol();
    },
  });
