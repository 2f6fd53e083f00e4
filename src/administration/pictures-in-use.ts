import type { Accounts } from '../accounts/accounts.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import { roomPictures } from '../rooms/room-pictures.ts';

/** The `mxc://` URIs that profiles of this server and rooms show: they are old, and still wanted. */
export async function picturesInUse(rooms: RoomsParts, accounts: Accounts): Promise<ReadonlySet<string>> {
  const used = new Set(await accounts.profiles.allPictures());
  for await (const uri of roomPictures(rooms)) used.add(uri);
  return used;
}
