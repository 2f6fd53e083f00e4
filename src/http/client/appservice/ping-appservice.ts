import type { Appservices } from '../../../appservice/appservices.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';

/** pingAppservice: has the server call an application service, which asks whether it is reached. */
export const pingAppservice = ({ appservices }: { readonly appservices: Appservices }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v1/appservice/:appserviceId/ping',
    alsoAt: ['/_matrix/client/unstable/fi.mau.msc2659/appservice/:appserviceId/ping'],
    auth: 'user',
    body: Type.Object({ transaction_id: Type.Optional(Type.String()) }),
    async handle({ user, params, body }) {
      const id = params.appserviceId;
      return { duration_ms: await appservices.ping(id, user.appservice?.id, body.transaction_id) };
    },
  });
