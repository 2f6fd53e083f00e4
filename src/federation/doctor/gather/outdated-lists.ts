import type { ServerName, UserId } from '../../../core/ids.ts';
import { getObject, type JsonObject } from '../../../core/json.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { ListRequests } from '../../devices/list-requests.ts';
import { freshLists, listsOf } from '../../devices/remote-device-list.table.ts';
import { storedLists } from '../../devices/stored-list.ts';
import type { ToldList } from '../../devices/told-lists.ts';
import { quietly } from '../../gaps/peer-error.ts';
import type { FederationClient } from '../../transport/federation-client.ts';
import { twice } from './twice.ts';

export interface OutdatedParts {
  readonly rooms: RoomsParts;
  readonly client: Pick<FederationClient, 'request'>;
}

/** Users of a server whose lists are compared, those with most devices first: one question. */
const MOST_LISTS = 20;

/**
 * Users of a server whose devices we believe to know, and of whom it names others: it told of a change, and that was lost.
 * What may be on its way is looked at again.
 */
export async function gatherOutdated(
  parts: OutdatedParts,
  server: ServerName,
  domainNid: number,
  doubtMs: number,
): Promise<UserId[]> {
  const { db, nids, clock } = parts.rooms;
  const users = await nids.users.names(db, await freshLists(db, domainNid, MOST_LISTS));
  if (users.size === 0) return [];
  const look = () => compared(parts, server, users);
  return twice(clock, look, outdated => outdated.length === 0, doubtMs);
}

async function compared(
  { rooms, client }: OutdatedParts,
  server: ServerName,
  users: ReadonlyMap<number, UserId>,
): Promise<UserId[]> {
  const wanted = new Map([...users.values()].map(userId => [userId, []]));
  const told = await quietly(new ListRequests(client).query(server, wanted), new Map<UserId, ToldList>());
  const rows = await listsOf(rooms.db, [...users.keys()]);
  const stored = await storedLists(rooms.db, rows);
  return [...users].flatMap(([userNid, userId]) => {
    const [there, here] = [told.get(userId), stored.get(userNid)];
    const isSure = rows.get(userNid)?.stale === 0;
    return isSure && there !== undefined && here !== undefined && devicesOf(there) !== devicesOf(here) ? [userId] : [];
  });
}

/** Names and signatures are not looked at: what a server tells of these depends on how it was asked. */
function devicesOf({ devices }: ToldList): string {
  const keysOf = (text: string) => JSON.stringify(getObject(JSON.parse(text) as JsonObject, 'keys'));
  return JSON.stringify(devices.map(({ deviceId, text }) => `${deviceId} ${keysOf(text)}`).toSorted());
}
