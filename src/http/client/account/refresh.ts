import type { Sessions } from '../../../accounts/sessions.ts';
import { Type } from '../../../base/schema.ts';
import { endpoint } from '../../endpoint.ts';
import { tokensAnswer } from './session-answer.ts';

/** Client-server API, `POST /refresh`. */
export const refresh = ({ sessions }: { readonly sessions: Sessions }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/refresh',
    auth: 'none',
    limit: 'other',
    body: Type.Object({ refresh_token: Type.String() }),
    async handle({ body }) {
      return tokensAnswer(await sessions.refresh(body.refresh_token));
    },
  });
