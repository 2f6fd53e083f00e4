import type { AccountChanges } from '../../../accounts/account-changes.ts';
import type { InteractiveAuth } from '../../../accounts/interactive-auth.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';
import { AuthData, challenge } from './challenge.ts';

const Body = Type.Object({
  auth: AuthData,
  id_server: Type.Optional(Type.String()),
  erase: Type.Optional(Type.Boolean()),
});

/** Client-server API, `POST /account/deactivate`. There are no third-party identifiers that could fail to be unbound. */
export const deactivate = ({
  interactive,
  changes,
}: {
  readonly interactive: InteractiveAuth;
  readonly changes: AccountChanges;
}) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/account/deactivate',
    auth: 'user',
    limit: 'login',
    body: Body,
    async handle({ body, user, ip }) {
      if (user.appservice === undefined) {
        const request = { operation: 'POST account/deactivate', body, user, ip };
        const outcome = await interactive.confirm(request);
        if (!outcome.passed) return challenge(outcome.challenge);
      }
      await changes.deactivate(user.userNid, body.erase === true);
      return { id_server_unbind_result: 'success' };
    },
  });
