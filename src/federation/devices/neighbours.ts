import { domainOf, type ServerName, type UserId } from '../../core/ids.ts';
import type { Queryable } from '../../db/database.ts';
import type { Nids } from '../../rooms/nids.table.ts';
import { type ListOwner, sharingRooms } from './remote-device-list.table.ts';

export interface NeighbourParts {
  readonly nids: Nids;
  readonly serverName: ServerName;
}

/** Those of some hundred users who share a room with a user of this server. */
export async function neighbours(
  { nids, serverName }: NeighbourParts,
  db: Queryable,
  userIds: readonly UserId[],
): Promise<Map<UserId, ListOwner>> {
  const owners = new Map<UserId, ListOwner>();
  const known = await nids.users.find(db, userIds);
  const us = await nids.domains.findOne(db, serverName);
  if (us === undefined || known.size === 0) return owners;
  const sharing = await sharingRooms(db, [...known.values()], us);
  const domains = await nids.domains.find(db, new Set(userIds.map(domainOf)));
  for (const [userId, userNid] of known) {
    const domainNid = domains.get(domainOf(userId));
    if (sharing.has(userNid) && domainNid !== undefined) owners.set(userId, { userNid, domainNid });
  }
  return owners;
}
