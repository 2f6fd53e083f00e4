import type { Clock } from '../../base/clock.ts';
import type { Notary } from '../../federation/keys/notary.ts';
import type { PublishedKeys } from '../../federation/keys/published-keys.ts';
import type { Endpoint } from '../endpoint.ts';
import { getOwnKeys } from './keys/get-own-keys.ts';
import { queryKeysOfServer } from './keys/query-keys-of-server.ts';
import { queryKeysOfServers } from './keys/query-keys-of-servers.ts';
import { getVersion } from './server/get-version.ts';

export interface FederationRouteParts {
  readonly published: PublishedKeys;
  readonly notary: Notary;
  readonly clock: Clock;
  readonly version: string;
}

/** What other servers call. */
export function federationRoutes(parts: FederationRouteParts): Endpoint[] {
  return [getOwnKeys(parts), queryKeysOfServer(parts), queryKeysOfServers(parts), getVersion(parts)];
}
