import type { Endpoint } from '../endpoint.ts';
import { servedBy } from '../served-by.ts';
import { deviceRoutes } from './devices/routes.ts';
import { mediaAdminRoutes } from './media/routes.ts';
import { synapseRegisterRoutes } from './register.ts';
import { registrationTokenRoutes } from './registration-tokens/routes.ts';
import { reportAdminRoutes } from './reports/routes.ts';
import { roomAdminRoutes } from './rooms/routes.ts';
import { serverAdminRoutes } from './server/routes.ts';
import { listLargestRooms } from './statistics/list-largest-rooms.ts';
import { listMediaByUser } from './statistics/list-media-by-user.ts';
import type { SynapseRouteParts } from './synapse-route-parts.ts';
import { userRoutes } from './users/routes.ts';

/** The administration API in the shape that Synapse gave it, which synadm, Ketesa and Draupnir call. */
export function synapseRoutes(parts: SynapseRouteParts): Endpoint[] {
  return [
    ...synapseRegisterRoutes(parts),
    ...userRoutes(parts),
    ...deviceRoutes(parts),
    ...registrationTokenRoutes(parts),
    ...roomAdminRoutes(parts),
    ...reportAdminRoutes(parts),
    ...servedBy('media', mediaAdminRoutes(parts)),
    listMediaByUser(parts.media),
    listLargestRooms(parts),
    ...serverAdminRoutes(parts),
  ];
}
