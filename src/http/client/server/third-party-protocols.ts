import { endpoint } from '../../endpoint.ts';

/** Client-server API, "Third-party Networks": those of the bridges that are registered, of which there are none yet. */
export const thirdPartyProtocols = () =>
  endpoint({ method: 'GET', path: '/_matrix/client/v3/thirdparty/protocols', auth: 'user', handle: async () => ({}) });
