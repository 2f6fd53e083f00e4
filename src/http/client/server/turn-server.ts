import { endpoint } from '../../endpoint.ts';

/** Client-server API, "Voice over IP": no relay is set up here, which clients read from the empty object. */
export const turnServer = () =>
  endpoint({ method: 'GET', path: '/_matrix/client/v3/voip/turnServer', auth: 'user', handle: async () => ({}) });
