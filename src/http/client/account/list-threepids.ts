import { endpoint } from '../../endpoint.ts';

/** Client-server API, `GET /account/3pid`. This server knows no mail addresses or telephone numbers of its users. */
export const listThreepids = () =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/account/3pid',
    auth: 'user',
    async handle() {
      return { threepids: [] };
    },
  });
