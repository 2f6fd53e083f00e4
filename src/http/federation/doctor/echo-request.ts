import { MatrixError } from '../../../core/matrix-error.ts';
import { ECHO_HEADER, ECHO_PATH, type Echoes } from '../../../federation/doctor/echoes.ts';
import { endpoint } from '../../endpoint.ts';

/**
 * Tells the doctor of this server how a request of its own arrived; for everybody else there is nothing here. It stands
 * among the federation API, so that proxies treat it the same way.
 */
export const echoRequest = (echoes: Echoes) =>
  endpoint({
    method: 'GET',
    path: `${ECHO_PATH}*`,
    auth: 'none',
    async handle({ target, header }) {
      const echo = echoes.answer(header(ECHO_HEADER), { target, host: header('host') });
      if (echo === undefined) throw new MatrixError('M_UNRECOGNIZED', 'There is no such endpoint on this server.');
      return echo;
    },
  });
