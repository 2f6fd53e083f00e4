import { endpoint } from '../../endpoint.ts';
import { AddressBody, NOT_BOUND } from './threepid-route-parts.ts';

/** unbind3pidFromAccount */
export const unbindThreepid = () =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/account/3pid/unbind',
    auth: 'user',
    limit: 'other',
    body: AddressBody,
    handle: async () => NOT_BOUND,
  });
