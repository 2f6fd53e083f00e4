import type { DestinationList } from '../../../federation/outbound/destination-list.ts';
import type { Endpoint } from '../../endpoint.ts';
import { getDestination } from './get-destination.ts';
import { listDestinationRooms } from './list-destination-rooms.ts';
import { listDestinations } from './list-destinations.ts';
import { resetConnection } from './reset-connection.ts';

/** Synapse admin API, "Federation API". */
export function destinationRoutes(parts: { readonly destinations: DestinationList }): Endpoint[] {
  return [listDestinations(parts), getDestination(parts), listDestinationRooms(parts), resetConnection(parts)];
}
