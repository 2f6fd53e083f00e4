import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/schema.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { federationDeviceRoutes } from '../http/federation/devices/routes.ts';
import { membershipRoutes } from '../http/federation/membership/routes.ts';
import { federationRoutes } from '../http/federation/routes.ts';
import { sendTransaction } from '../http/federation/transactions/send-transaction.ts';
import type { Federation } from './compose-federation.ts';
import type { InboxLoop } from './compose-inbox.ts';
import type { Parts } from './compose-parts.ts';
import { queryRoutes } from './compose-queries.ts';

/** Every endpoint that other servers call. */
export function serverRoutes(
  federation: Federation,
  parts: Parts,
  { inbox }: InboxLoop,
  { config, ...about }: { readonly config: Config; readonly clock: Clock; readonly version: string },
): Endpoint[] {
  const { checked } = federation;
  return [
    ...federationRoutes({ ...federation, ...about }),
    ...membershipRoutes({ rooms: parts.rooms, checked }),
    sendTransaction({ inbox }),
    ...federationDeviceRoutes({ ...parts.rooms, keys: parts.keys }),
    ...queryRoutes(parts, config),
  ];
}
