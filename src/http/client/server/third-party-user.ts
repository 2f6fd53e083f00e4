import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';

/** queryUserByID: nothing leads out of Matrix where there are no bridges. */
export const thirdPartyUser = () =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/thirdparty/user',
    auth: 'user',
    async handle({ query }) {
      query.required('userid');
      throw notFound('No bridge of this server knows that.');
    },
  });
