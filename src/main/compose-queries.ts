import type { Endpoint } from '../http/endpoint.ts';
import { federationMediaRoutes } from '../http/federation/media/routes.ts';
import type { Parts } from './compose-parts.ts';

/** What other servers ask us. */
export function queryRoutes({ rooms: { serverName, random }, media }: Parts): Endpoint[] {
  return federationMediaRoutes({ media, serverName, random });
}
