import { Type } from '../../../base/schema.ts';
import type { Keys } from '../../../keys/keys.ts';
import { endpoint } from '../../endpoint.ts';
import { Timeout, waitingTime } from './waiting-time.ts';

const Body = Type.Object({
  timeout: Timeout,
  device_keys: Type.Record(Type.String(), Type.Array(Type.String()), { maxProperties: 10_000 }),
});

export const queryKeys = (parts: { readonly keys: Pick<Keys, 'query'> }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/keys/query',
    auth: 'user',
    limit: 'keys',
    body: Body,
    async handle({ user, body, signal }) {
      const options = { timeoutMs: waitingTime(body.timeout), signal };
      const answer = await parts.keys.query.query(body.device_keys, user, options);
      return {
        device_keys: answer.deviceKeys,
        master_keys: answer.masterKeys,
        self_signing_keys: answer.selfSigningKeys,
        user_signing_keys: answer.userSigningKeys,
        failures: answer.failures,
      };
    },
  });
