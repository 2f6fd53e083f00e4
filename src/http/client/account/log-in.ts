import type { Login } from '../../../accounts/login.ts';
import type { AccountSettings } from '../../../accounts/settings.ts';
import { Type } from '../../../base/schema.ts';
import type { JsonObject } from '../../../core/json.ts';
import { endpoint } from '../../endpoint.ts';
import { bearerToken } from './bearer-token.ts';
import { sessionAnswer } from './session-answer.ts';

const Body = Type.Object({
  type: Type.String(),
  identifier: Type.Optional(Type.Unsafe<JsonObject>(Type.Object({ type: Type.String() }))),
  user: Type.Optional(Type.String()),
  medium: Type.Optional(Type.String()),
  address: Type.Optional(Type.String()),
  password: Type.Optional(Type.String()),
  token: Type.Optional(Type.String()),
  device_id: Type.Optional(Type.String()),
  initial_device_display_name: Type.Optional(Type.String()),
  refresh_token: Type.Optional(Type.Boolean()),
});

/** Client-server API, `POST /login`. */
export const logIn = ({ login, settings }: { readonly login: Login; readonly settings: AccountSettings }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/login',
    auth: 'none',
    limit: 'login',
    body: Body,
    async handle(request) {
      const { userId, session } = await login.login({
        body: request.body,
        ip: request.ip,
        token: bearerToken(request),
      });
      return { ...sessionAnswer(userId, session), well_known: settings.wellKnown };
    },
  });
