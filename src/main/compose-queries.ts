import type { Config } from '../config/schema.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { federationMediaRoutes } from '../http/federation/media/routes.ts';
import { federationQueryRoutes } from '../http/federation/queries/routes.ts';
import { servedBy } from '../http/served-by.ts';
import type { Parts } from './compose-parts.ts';

/** What other servers ask us. */
export function queryRoutes({ rooms, accounts, media }: Parts, { federation }: Config): Endpoint[] {
  const { serverName, random } = rooms;
  const { share_profiles: sharesProfiles, share_directory: sharesDirectory } = federation;
  return [
    ...federationQueryRoutes({ rooms, accounts, sharesProfiles, sharesDirectory }),
    ...servedBy('media', federationMediaRoutes({ media, serverName, random })),
  ];
}
