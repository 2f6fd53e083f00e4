import type { EventStream } from '../../../sync/event-stream.ts';
import { endpoint } from '../../endpoint.ts';

const DEFAULT_LIMIT = 10;
const MOST = 100;

/** initialSync, deprecated: all rooms of the user as they are. */
export const initialSync = ({ eventStream }: { readonly eventStream: EventStream }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/initialSync',
    auth: 'user',
    role: 'initial-sync',
    limit: 'other',
    async handle({ user, query, signal }) {
      return eventStream.initial({
        view: { userId: user.userId, userNid: user.userNid },
        limit: query.integer('limit', { fallback: DEFAULT_LIMIT, max: MOST }),
        archived: query.boolean('archived'),
        signal,
      });
    },
  });
