import { MatrixError } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';

/** getAuthMetadata: M_UNRECOGNIZED is how a server says that it has the legacy authentication API alone. */
export const authMetadata = () =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/auth_metadata',
    alsoAt: ['/_matrix/client/unstable/org.matrix.msc2965/auth_metadata'],
    auth: 'none',
    async handle() {
      throw new MatrixError('M_UNRECOGNIZED', 'This server has no OAuth 2.0 API. Log in by /login.');
    },
  });
