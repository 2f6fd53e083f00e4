import type { InteractiveAuth } from '../../../accounts/interactive-auth.ts';
import type { Registration } from '../../../accounts/registration.ts';
import { Type } from '../../../base/schema.ts';
import { invalidParam, MatrixError } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import { bearerToken } from './bearer-token.ts';
import { AuthData, challenge } from './challenge.ts';
import { sessionAnswer } from './session-answer.ts';
import { SessionWish, wantedSession } from './session-wish.ts';

const Body = Type.Object({
  auth: AuthData,
  type: Type.Optional(Type.String()),
  username: Type.Optional(Type.String()),
  password: Type.Optional(Type.String()),
  ...SessionWish,
});

/** Client-server API, `POST /register`. */
export const register = ({
  registration,
  interactive,
}: {
  readonly registration: Registration;
  readonly interactive: InteractiveAuth;
}) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/register',
    auth: 'none',
    limit: 'other',
    body: Body,
    async handle(request) {
      const { body, query, ip } = request;
      requireUserKind(query.get('kind'));
      const login = wantedSession(body);
      if (body.type === 'm.login.application_service') {
        const made = await registration.createForAppservice(bearerToken(request), body.username, login);
        return sessionAnswer(made.userId, made.session);
      }
      const flows = registration.flows();
      const userId = body.username === undefined ? undefined : await registration.requireAvailable(body.username);
      if (body.password !== undefined) {
        registration.requireGoodPassword(body.password);
        registration.requireRoom(ip);
      }
      const outcome = await interactive.check(
        { operation: 'POST register', body, user: undefined, ip },
        flows,
        registration.stageParams(),
      );
      if (!outcome.passed) return challenge(outcome.challenge);
      const { password } = body;
      if (password === undefined) throw new MatrixError('M_MISSING_PARAM', 'The password is missing.');
      const made = await registration.register({ userId, password, ip, authSession: outcome.session, login });
      return sessionAnswer(made.userId, made.session);
    },
  });

function requireUserKind(kind: string | undefined): void {
  if (kind === 'guest') throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'This server has no guests.');
  if (kind !== undefined && kind !== 'user') throw invalidParam('kind must be user or guest.');
}
