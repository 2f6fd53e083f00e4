import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';

/** queryLocationByAlias: nothing leads out of Matrix where there are no bridges. */
export const thirdPartyLocation = () =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/thirdparty/location',
    auth: 'user',
    async handle({ query }) {
      query.required('alias');
      throw notFound('No bridge of this server knows that.');
    },
  });
