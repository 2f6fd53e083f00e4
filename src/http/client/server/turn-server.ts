import type { Clock } from '../../../base/clock.ts';
import { endpoint } from '../../endpoint.ts';
import { type TurnSettings, turnCredentials } from './turn-credentials.ts';

/** Client-server API, "Voice over IP". Clients read from the empty object that there is no relay. */
export const turnServer = ({ turn, clock }: { readonly turn: TurnSettings; readonly clock: Clock }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/voip/turnServer',
    auth: 'user',
    limit: 'other',
    handle: async ({ user }) => turnCredentials(turn, user.userId, clock.now()) ?? {},
  });
