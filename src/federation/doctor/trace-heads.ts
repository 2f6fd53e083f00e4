import type { EventId, ServerName, UserId } from '../../core/ids.ts';
import { someJoinedOfDomain } from '../../rooms/members.table.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { OUTLIER, type StoredEvent } from '../../rooms/room.ts';
import { serversIn } from '../../rooms/room-domains.table.ts';
import { quietly } from '../gaps/peer-error.ts';
import type { PeerEvents } from '../gaps/peer-events.ts';
import { countText, someText } from './words.ts';

export interface HeadsParts {
  readonly rooms: RoomsParts;
  readonly peers: Pick<PeerEvents, 'heads'>;
}

const MOST_SERVERS = 10;
/** Events that are looked through between what a room ends with and the event. */
const MOST_EVENTS = 2000;

/**
 * Whether an event stands under what other servers say that the room ends with: an acknowledgement alone proves nothing.
 * Asks up to ten of them.
 */
export async function standing({ rooms, peers }: HeadsParts, stored: StoredEvent): Promise<string[]> {
  const { db, nids, serverName } = rooms;
  const { event, roomNid } = stored;
  const own = await nids.domains.findOne(db, serverName);
  const userNid = own === undefined ? undefined : await someJoinedOfDomain(db, roomNid, own);
  if (userNid === undefined) return ['none of our users is in the room, so that nobody can be asked'];
  const user = (await nids.users.name(db, userNid)) as UserId;
  const names = await nids.domains.names(db, await serversIn(db, roomNid));
  const others = [...names.values()].filter(name => name !== serverName) as ServerName[];
  const found = await Promise.all(
    others.slice(0, MOST_SERVERS).map(async server => {
      const heads = await quietly(peers.heads(server, event.roomId, user), undefined);
      return { server, verdict: heads === undefined ? 'silent' : await isUnder(rooms, stored, heads) };
    }),
  );
  const lines = (['yes', 'no', 'unknown', 'silent'] as const).flatMap(verdict => {
    const servers = found.filter(each => each.verdict === verdict).map(({ server }) => server);
    return servers.length === 0 ? [] : [`${SAID[verdict]}: ${someText(servers, MOST_SERVERS)}`];
  });
  const rest = others.length - found.length;
  return [...lines, ...(rest > 0 ? [`not asked: ${countText(rest, 'more server')}`] : [])];
}

type Under = 'yes' | 'no' | 'unknown' | 'silent';

const SAID: Readonly<Record<Under, string>> = {
  yes: 'stands under what the room ends with at',
  no: 'does NOT stand under what the room ends with at',
  unknown: 'cannot be told (they have newer events than we) at',
  silent: 'no answer from',
};

/** By our own copy of the room: from what it ends with there back to the depth of the event. */
async function isUnder(rooms: RoomsParts, { event }: StoredEvent, heads: readonly EventId[]): Promise<Under> {
  const seen = new Set<EventId>();
  let layer: readonly EventId[] = heads;
  let isWhole = true;
  while (layer.length > 0 && seen.size < MOST_EVENTS) {
    if (layer.includes(event.id)) return 'yes';
    for (const id of layer) seen.add(id);
    const known = await rooms.events.byIds(rooms.db, layer);
    const placed = [...known.values()].filter(({ flags }) => (flags & OUTLIER) === 0);
    if (placed.length < layer.length) isWhole = false;
    const before = placed.filter(each => each.event.depth > event.depth).flatMap(each => each.event.prevIds);
    layer = [...new Set(before)].filter(id => !seen.has(id));
  }
  return isWhole && layer.length === 0 ? 'no' : 'unknown';
}
