import type { Accounts } from '../../accounts/accounts.ts';
import type { SharedSecretRegistration } from '../../accounts/shared-secret-registration.ts';
import { Type } from '../../base/schema.ts';
import { sessionAnswer } from '../client/account/session-answer.ts';
import { SessionWish, wantedSession } from '../client/account/session-wish.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';

const PATH = '/_synapse/admin/v1/register';

const Body = Type.Object({
  nonce: Type.String(),
  username: Type.String(),
  password: Type.String(),
  admin: Type.Optional(Type.Boolean()),
  user_type: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  displayname: Type.Optional(Type.String()),
  ...SessionWish,
  mac: Type.String(),
});

/** Synapse admin API, shared-secret registration: what the signature of a request has to include. */
const getNonce = ({ sharedSecret }: { readonly sharedSecret: SharedSecretRegistration }) =>
  endpoint({
    method: 'GET',
    path: PATH,
    auth: 'none',
    limit: 'other',
    async handle() {
      return { nonce: sharedSecret.nonce() };
    },
  });

/** Synapse admin API, shared-secret registration: makes an account and logs it in, as `/register` does. */
const registerWithSecret = ({ sharedSecret }: { readonly sharedSecret: SharedSecretRegistration }) =>
  endpoint({
    method: 'POST',
    path: PATH,
    auth: 'none',
    limit: 'other',
    body: Body,
    async handle({ body }) {
      const { userId, session } = await sharedSecret.register({
        nonce: body.nonce,
        username: body.username,
        password: body.password,
        isAdmin: body.admin === true,
        userType: body.user_type || undefined,
        displayName: body.displayname,
        mac: body.mac,
        login: wantedSession(body),
      });
      return sessionAnswer(userId, session);
    },
  });

export function synapseRegisterRoutes({ accounts }: { readonly accounts: Accounts }): Endpoint[] {
  return [getNonce(accounts), registerWithSecret(accounts)];
}
