import { FilterSchema } from '../../../accounts/filter-schema.ts';
import { type Filters, MAX_FILTER_BYTES } from '../../../accounts/filters.ts';
import { endpoint } from '../../endpoint.ts';
import { requireSelf } from './require-self.ts';

/** Client-server API, `POST /user/{userId}/filter`. */
export const defineFilter = ({ filters }: { readonly filters: Filters }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/user/:userId/filter',
    auth: 'user',
    body: FilterSchema,
    bodyLimit: MAX_FILTER_BYTES,
    async handle({ user, params, body }) {
      requireSelf(user, params.userId);
      return { filter_id: await filters.store(user.userNid, body) };
    },
  });
