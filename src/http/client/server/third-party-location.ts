import { notFound } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import type { ThirdPartyParts } from './third-party-protocols.ts';

/** queryLocationByAlias: the place that an alias of ours stands for in other networks. */
export const thirdPartyLocation = ({ thirdParties }: ThirdPartyParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/thirdparty/location',
    auth: 'user',
    async handle({ query }) {
      const found = await thirdParties.behind('location', query.required('alias'));
      if (found.length === 0) throw notFound('No bridge of this server knows that.');
      return found;
    },
  });
