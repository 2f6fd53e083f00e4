import type { DeviceListChanges } from '../../../keys/ports.ts';
import { endpoint } from '../../endpoint.ts';

export const getKeysChanges = (parts: { readonly deviceListChanges: DeviceListChanges }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/keys/changes',
    auth: 'user',
    limit: 'keys',
    async handle({ user, query }) {
      const { changed, left } = await parts.deviceListChanges.between(
        user,
        query.required('from'),
        query.required('to'),
      );
      return { changed, left };
    },
  });
