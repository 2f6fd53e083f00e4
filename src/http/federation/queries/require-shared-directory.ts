import { forbidden } from '../../../core/matrix-error.ts';
import type { QueryRouteParts } from './query-route-parts.ts';

/** @throws MatrixError M_FORBIDDEN where the operator keeps the directory for this server's users */
export function requireSharedDirectory({ sharesDirectory }: Pick<QueryRouteParts, 'sharesDirectory'>): void {
  if (!sharesDirectory) throw forbidden('This server does not tell other servers which rooms it lists.');
}
