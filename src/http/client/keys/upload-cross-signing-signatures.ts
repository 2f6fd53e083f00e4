import type { Keys } from '../../../keys/keys.ts';
import { endpoint } from '../../endpoint.ts';
import { waitingTime } from './waiting-time.ts';

export const uploadCrossSigningSignatures = (parts: { readonly keys: Pick<Keys, 'signatures'> }) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/keys/signatures/upload',
    auth: 'user',
    limit: 'keys',
    async handle({ user, body, signal }) {
      const failures = await parts.keys.signatures.upload(user, body, { timeoutMs: waitingTime(undefined), signal });
      return { failures };
    },
  });
