import type { Filters } from '../../../accounts/filters.ts';
import type { JsonObject } from '../../../core/json.ts';
import { endpoint } from '../../endpoint.ts';
import { requireSelf } from './require-self.ts';
import { storedJson } from './stored-json.ts';

/** Client-server API, `GET /user/{userId}/filter/{filterId}`. */
export const getFilter = ({ filters }: { readonly filters: Filters }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/user/:userId/filter/:filterId',
    auth: 'user',
    async handle({ user, params }) {
      requireSelf(user, params.userId);
      return storedJson((await filters.get(user.userNid, params.filterId)) as JsonObject);
    },
  });
