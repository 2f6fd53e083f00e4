import { getString, type JsonObject } from '../core/json.ts';
import { membersOf } from '../rooms/members.table.ts';
import { MEMBERSHIPS, type Room } from '../rooms/room.ts';
import { roomHead } from '../rooms/rooms.table.ts';
import type { SyncWindow } from './window.ts';

const MOST_HEROES = 5;

/** Counts and, where the room has no name of its own, those it is named after (client-server API, "RoomSummary"). */
export async function roomSummary(window: SyncWindow, room: Room, root: number): Promise<JsonObject> {
  const { parts, view } = window;
  const head = await roomHead(parts.db, room.nid);
  const summary: JsonObject = {
    'm.joined_member_count': head.joined_count,
    'm.invited_member_count': head.invited_count,
  };
  const named = await parts.state.events(parts.db, room, root, [
    ['m.room.name', ''],
    ['m.room.canonical_alias', ''],
  ]);
  const hasName = named.some(
    ({ event }) => (getString(event.content, 'name') ?? getString(event.content, 'alias') ?? '') !== '',
  );
  if (!hasName) summary['m.heroes'] = await heroes(window, room, view.userNid);
  return summary;
}

async function heroes({ parts }: SyncWindow, room: Room, ownNid: number): Promise<string[]> {
  const { join, invite, leave, ban } = MEMBERSHIPS;
  const present = await membersOf(parts.db, room.nid, [join, invite], MOST_HEROES + 1);
  const others = present.filter(row => row.user_nid !== ownNid);
  const rows = others.length > 0 ? others : await membersOf(parts.db, room.nid, [leave, ban], MOST_HEROES + 1);
  const chosen = rows.filter(row => row.user_nid !== ownNid).slice(0, MOST_HEROES);
  const names = await parts.nids.users.names(
    parts.db,
    chosen.map(row => row.user_nid),
  );
  return chosen.flatMap(row => names.get(row.user_nid) ?? []).sort();
}
