import { isServerName, type ServerName } from '../../../core/ids.ts';
import { MatrixError } from '../../../core/matrix-error.ts';

/** @throws MatrixError M_INVALID_PARAM */
export function serversIn(names: readonly string[]): ServerName[] {
  return names.map(name => {
    if (!isServerName(name)) throw new MatrixError('M_INVALID_PARAM', `${name} is no server name.`);
    return name;
  });
}
