import { Type } from '../../../base/schema.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import { PROOF } from './threepid-route-parts.ts';

/** bind3PID: publishing an address on an identity server is left to clients, which know whom their user trusts. */
export const bindThreepid = () =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/account/3pid/bind',
    auth: 'user',
    limit: 'other',
    body: Type.Object({ ...PROOF, id_server: Type.String(), id_access_token: Type.String() }),
    handle: async () => {
      throw new MatrixError('M_SERVER_NOT_TRUSTED', 'This server trusts no identity server.');
    },
  });
