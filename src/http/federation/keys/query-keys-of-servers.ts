import type { Clock } from '../../../base/clock.ts';
import { Type } from '../../../base/schema.ts';
import { isServerName, type ServerName } from '../../../core/ids.ts';
import { getInteger, isObject, type JsonObject } from '../../../core/json.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import { MOST_SERVERS, type Notary } from '../../../federation/keys/notary.ts';
import { endpoint } from '../../endpoint.ts';

const body = Type.Object({
  server_keys: Type.Record(Type.String(), Type.Record(Type.String(), Type.Object({}, { additionalProperties: true }))),
});

/** Server-server API, "Querying Keys Through Another Server", for several servers at once. */
export const queryKeysOfServers = ({ notary, clock }: { readonly notary: Notary; readonly clock: Clock }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/key/v2/query',
    auth: 'none',
    limit: 'other',
    body,
    bodyLimit: 256 * 1024,
    async handle({ body: { server_keys: asked } }) {
      const names = Object.keys(asked);
      if (names.length > MOST_SERVERS) throw invalidParam(`Ask for at most ${MOST_SERVERS} servers at once.`);
      const query = new Map<ServerName, number>();
      for (const name of names) {
        // One bad name is no reason to leave the others without an answer.
        if (isServerName(name)) query.set(name, latest(asked[name] as JsonObject, clock.now()));
      }
      return { server_keys: await notary.answer(query) };
    },
  });

/** The latest moment that any of the keys is wanted for; `now` where none is said. */
function latest(criteria: JsonObject, now: number): number {
  const wanted = Object.values(criteria).map(each =>
    isObject(each) ? getInteger(each, 'minimum_valid_until_ts') : now,
  );
  return Math.max(...wanted.map(each => each ?? now), wanted.length === 0 ? now : 0);
}
