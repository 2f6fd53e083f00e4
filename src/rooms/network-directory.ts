import { networkName, setListedIn } from './network-rooms.table.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';

/**
 * Lists a room in the directory of a network that an application service bridges, or takes it out (application service
 * API, "Application service room directories").
 */
export async function setListedOn(
  { db }: Pick<RoomsParts, 'db'>,
  network: { readonly appserviceId: string; readonly networkId: string },
  room: Room,
  isListed: boolean,
): Promise<void> {
  const name = networkName(network.appserviceId, network.networkId);
  await db.tx(tx => setListedIn(tx, name, room.nid, isListed));
}
