import { Type } from '../../../base/schema.ts';
import type { Keys } from '../../../keys/keys.ts';
import { endpoint } from '../../endpoint.ts';
import { Timeout, waitingTime } from './waiting-time.ts';

const Body = Type.Object({
  timeout: Timeout,
  one_time_keys: Type.Record(Type.String(), Type.Record(Type.String(), Type.String())),
});

export const claimKeys = (parts: { readonly keys: Pick<Keys, 'claim'> }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/keys/claim',
    auth: 'user',
    limit: 'keys',
    body: Body,
    async handle({ body, signal }) {
      const options = { timeoutMs: waitingTime(body.timeout), signal };
      const { oneTimeKeys, failures } = await parts.keys.claim.claim(body.one_time_keys, options);
      return { one_time_keys: oneTimeKeys, failures };
    },
  });
