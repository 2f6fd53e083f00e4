import { getString, type JsonObject } from '../../core/json.ts';
import type { Queryable } from '../../db/database.ts';
import { AuthChain } from '../../rooms/auth-chain.ts';
import { membersOf } from '../../rooms/members.table.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { MEMBERSHIPS, type Room, type StoredEvent } from '../../rooms/room.ts';
import { NumberSet } from '../../rooms/state-tree/number-set.ts';
import type { TakenMembership } from './take-membership.ts';

/** The answer of `send_join`: what stands in it, and two arrays that are too long to be held, to be read in this order. */
export interface JoinAnswer {
  readonly head: JsonObject;
  readonly state: AsyncIterable<JsonObject>;
  readonly authChain: AsyncIterable<JsonObject>;
}

/** Users whose names stand for the room where it has none (client-server API, `m.heroes`). */
const HEROES = 5;

/** The state before a join and the auth chain of both (server-server API, `PUT /v2/send_join`). */
export async function joinAnswer(
  rooms: RoomsParts,
  { room, stored: join, servers }: TakenMembership,
  omitMembers: boolean,
): Promise<JoinAnswer> {
  const given = new NumberSet();
  const chain = new AuthChain(rooms);
  await chain.add(rooms.db, [join]);
  const batches = omitMembers
    ? stateForPartialJoin(rooms, room, join)
    : rooms.state.batches(rooms.db, room, join.stateBefore);
  const head = {
    origin: rooms.serverName,
    event: join.event.pdu,
    members_omitted: omitMembers,
    servers_in_room: [...servers],
  };
  return { head, state: state(), authChain: authChain() };

  async function* state(): AsyncIterableIterator<JsonObject> {
    for await (const batch of batches) {
      await chain.add(rooms.db, batch);
      for (const { nid, event } of batch) {
        // With all of the state the auth chain is whole too; without members nothing is said twice.
        if (omitMembers) given.add(nid);
        yield event.pdu;
      }
    }
  }

  async function* authChain(): AsyncIterableIterator<JsonObject> {
    for await (const { event } of chain.events(rooms.db, given)) yield event.pdu;
  }
}

/** All state but members, and with it the heroes where the room has no name of its own. */
async function* stateForPartialJoin(
  rooms: RoomsParts,
  room: Room,
  join: StoredEvent,
): AsyncIterableIterator<readonly StoredEvent[]> {
  yield* rooms.state.batches(rooms.db, room, join.stateBefore, { withoutMembers: true });
  const named = await rooms.state.lookup(rooms.db, room, join.stateBefore, [
    ['m.room.name', ''],
    ['m.room.canonical_alias', ''],
  ]);
  const hasName =
    isFilled(named('m.room.name', '')?.content, 'name') ||
    isFilled(named('m.room.canonical_alias', '')?.content, 'alias');
  if (hasName) return;
  const pairs = (await heroes(rooms, rooms.db, room, join)).map(user => ['m.room.member', user] as const);
  yield await rooms.state.events(rooms.db, room, join.stateBefore, pairs);
}

function isFilled(content: JsonObject | undefined, key: string): boolean {
  return content !== undefined && (getString(content, key) ?? '') !== '';
}

/** The first who joined or were invited; of a room that all have left, who left. */
async function heroes(rooms: RoomsParts, db: Queryable, room: Room, join: StoredEvent): Promise<string[]> {
  const { join: joined, invite, leave, ban } = MEMBERSHIPS;
  for (const memberships of [
    [joined, invite],
    [leave, ban],
  ]) {
    const rows = await membersOf(db, room.nid, memberships, HEROES + 1);
    const names = await rooms.nids.users.names(
      db,
      rows.map(row => row.user_nid),
    );
    const others = [...names.values()].filter(user => user !== join.event.stateKey).slice(0, HEROES);
    if (others.length > 0) return others;
  }
  return [];
}
