import { MatrixError } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';

/** queryInfo: every other query. The specification knows none. */
export const queryUnknown = () =>
  endpoint({
    method: 'GET',
    path: '/_matrix/federation/v1/query/:queryType',
    auth: 'server',
    limit: 'other',
    handle: async () => {
      throw new MatrixError('M_UNRECOGNIZED', 'This server does not know such a query.');
    },
  });
