import { Type } from '../../../base/schema.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';

/** post3PIDs, deprecated: it goes by the word of an identity server, and asks for no password as `3pid/add` does. */
export const postThreepids = () =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/account/3pid',
    auth: 'user',
    limit: 'other',
    body: Type.Object({ three_pid_creds: Type.Object({}) }),
    handle: async () => {
      throw new MatrixError('M_THREEPID_AUTH_FAILED', 'No identity server speaks for users here. Use 3pid/add.');
    },
  });
