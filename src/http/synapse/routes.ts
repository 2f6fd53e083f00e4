import type { Endpoint } from '../endpoint.ts';
import { deviceRoutes } from './devices/routes.ts';
import { synapseRegisterRoutes } from './register.ts';
import { registrationTokenRoutes } from './registration-tokens/routes.ts';
import { reportAdminRoutes } from './reports/routes.ts';
import { type RoomAdminParts, roomAdminRoutes } from './rooms/routes.ts';
import { type ServerRouteParts, serverAdminRoutes } from './server/routes.ts';
import { type UserRouteParts, userRoutes } from './users/routes.ts';

export type SynapseRouteParts = UserRouteParts & RoomAdminParts & ServerRouteParts;

/** The administration API in the shape that Synapse gave it, which synadm, Ketesa and Draupnir call. */
export function synapseRoutes(parts: SynapseRouteParts): Endpoint[] {
  return [
    ...synapseRegisterRoutes(parts),
    ...userRoutes(parts),
    ...deviceRoutes(parts),
    ...registrationTokenRoutes(parts),
    ...roomAdminRoutes(parts),
    ...reportAdminRoutes(parts),
    ...serverAdminRoutes(parts),
  ];
}
