import type { Appservices } from '../../../appservice/appservices.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Endpoint } from '../../endpoint.ts';
import { listOnNetwork } from './list-on-network.ts';
import { pingAppservice } from './ping-appservice.ts';

/** What application services call beside what clients do (application service API, "Client-Server API Extensions"). */
export function appserviceRoutes(parts: { readonly appservices: Appservices; readonly rooms: RoomsParts }): Endpoint[] {
  return [pingAppservice(parts), listOnNetwork(parts)];
}
