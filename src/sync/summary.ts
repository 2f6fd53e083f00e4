import type { UserId } from '../core/ids.ts';
import { getString, type JsonObject } from '../core/json.ts';
import { membersOf } from '../rooms/members.table.ts';
import { MEMBERSHIPS, type Room } from '../rooms/room.ts';
import { roomHead } from '../rooms/rooms.table.ts';
import type { LogWindow, SyncWindow } from './window.ts';

const MOST_HEROES = 5;

export interface RoomSummary {
  readonly json: JsonObject;
  /** Those the room is named after. */
  readonly heroes: readonly UserId[];
}

/** Counts and, where the room has no name of its own, those it is named after (client-server API, "RoomSummary"). */
export async function roomSummary(window: SyncWindow, room: Room, root: number): Promise<RoomSummary> {
  const { parts, view } = window;
  const head = await roomHead(parts.db, room.nid);
  const counts: JsonObject = {
    'm.joined_member_count': head.joined_count,
    'm.invited_member_count': head.invited_count,
  };
  const names = await parts.state.events(parts.db, room, root, [
    ['m.room.name', ''],
    ['m.room.canonical_alias', ''],
  ]);
  const hasName = names.some(
    ({ event }) => (getString(event.content, 'name') ?? getString(event.content, 'alias') ?? '') !== '',
  );
  if (hasName) return { json: counts, heroes: [] };
  const named = (await heroes(window, room, view.userNid)).map(({ userId }) => userId);
  return { json: { ...counts, 'm.heroes': named }, heroes: named };
}

/** One of those after whom a room without a name is called, as the room knows them. */
export interface Hero {
  readonly userId: UserId;
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
}

/** Members first, then those who were members, without the user for whom the room is named; by their IDs. */
export async function heroes({ parts }: Pick<LogWindow, 'parts'>, room: Room, ownNid: number): Promise<Hero[]> {
  const { join, invite, leave, ban } = MEMBERSHIPS;
  const present = await membersOf(parts.db, room.nid, [join, invite], MOST_HEROES + 1);
  const others = present.filter(row => row.user_nid !== ownNid);
  const rows = others.length > 0 ? others : await membersOf(parts.db, room.nid, [leave, ban], MOST_HEROES + 1);
  const chosen = rows.filter(row => row.user_nid !== ownNid).slice(0, MOST_HEROES);
  const names = await parts.nids.users.names(
    parts.db,
    chosen.map(row => row.user_nid),
  );
  return chosen
    .flatMap(row => {
      const userId = names.get(row.user_nid);
      return userId === undefined ? [] : [{ userId, displayName: row.display_name, avatarUrl: row.avatar_url }];
    })
    .sort((one, other) => (one.userId < other.userId ? -1 : 1));
}
