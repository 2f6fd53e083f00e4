import type { RoomId } from '../../core/ids.ts';
import { getObject, getString, type JsonObject } from '../../core/json.ts';
import { isInviteHidden } from '../../rooms/invite-permission.ts';
import { roomHead } from '../../rooms/rooms.table.ts';
import { strippedState } from '../../rooms/stripped-state.ts';
import type { LogWindow } from '../window.ts';
import type { UserRoom } from './user-rooms.ts';

/** Which rooms are in a list (MSC4186, `SlidingRoomFilter`). What is undefined does not matter. */
export interface ListFilter {
  readonly isDm?: boolean | undefined;
  readonly spaces?: readonly string[] | undefined;
  readonly isEncrypted?: boolean | undefined;
  readonly isInvite?: boolean | undefined;
  /** null: rooms without a type. */
  readonly roomTypes?: readonly (string | null)[] | undefined;
  readonly notRoomTypes?: readonly (string | null)[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly notTags?: readonly string[] | undefined;
}

interface Kind {
  readonly type: string | null;
  readonly isEncrypted: boolean;
}

/** What filters ask about rooms besides what their list says, each read when it is asked for, and once for a request. */
export class FilterFacts {
  readonly #window: LogWindow;
  #direct: Promise<ReadonlySet<string>> | undefined;
  #tags: Promise<ReadonlyMap<RoomId, ReadonlySet<string>>> | undefined;
  readonly #children = new Map<string, Promise<ReadonlySet<string>>>();
  readonly #kinds = new Map<number, Promise<Kind>>();
  readonly #hidden = new Map<number, Promise<boolean>>();

  constructor(window: LogWindow) {
    this.#window = window;
  }

  /** The rooms that the user takes for direct chats (client-server API, `m.direct`). */
  direct(): Promise<ReadonlySet<string>> {
    this.#direct ??= this.#readDirect();
    return this.#direct;
  }

  tags(): Promise<ReadonlyMap<RoomId, ReadonlySet<string>>> {
    const { sources, parts, view } = this.#window;
    const tags = this.#tags ?? sources.roomTags(parts.db, view.userNid);
    this.#tags = tags;
    return tags;
  }

  /** The rooms that a space names as its own, while the user is in the space. */
  children(space: string, rooms: readonly UserRoom[]): Promise<ReadonlySet<string>> {
    return memo(this.#children, space, () => this.#readChildren(space, rooms));
  }

  /** Type and encryption: of a room that was never here as far as an invite tells. */
  kind(room: UserRoom): Promise<Kind> | Kind {
    const { row } = room;
    if (row.has_state === 1) return { type: row.room_type, isEncrypted: row.encryption !== null };
    return memo(this.#kinds, room.nid, () => this.#told(room));
  }

  /** An invite from somebody whom the user ignores, or from whom they want none. */
  isHiddenInvite(room: UserRoom): Promise<boolean> {
    return memo(this.#hidden, room.nid, async () => {
      const { parts, view, ignored } = this.#window;
      const names = await parts.nids.users.names(parts.db, [room.row.sender_nid]);
      const sender = names.get(room.row.sender_nid);
      if (sender === undefined) return true;
      return ignored.has(sender) || isInviteHidden(parts, parts.db, view.userNid, sender);
    });
  }

  async #readDirect(): Promise<ReadonlySet<string>> {
    const { sources, parts, view } = this.#window;
    const content = (await sources.accountData(parts.db, view.userNid, 'm.direct')) ?? {};
    const lists = Object.values(content).filter(list => Array.isArray(list));
    return new Set(lists.flat().filter(roomId => typeof roomId === 'string'));
  }

  async #readChildren(space: string, rooms: readonly UserRoom[]): Promise<ReadonlySet<string>> {
    const { parts } = this.#window;
    const own = rooms.find(({ row, membership }) => row.room_id === space && membership === 'join');
    const room = own && (await parts.rooms.find(parts.db, own.row.room_id));
    const children = new Set<string>();
    if (room === undefined) return children;
    const { state_root: root } = await roomHead(parts.db, room.nid);
    // Without `via` it is a child no more.
    for await (const { event } of parts.state.ofType(parts.db, room, root, 'm.space.child'))
      if (Array.isArray(event.content.via)) children.add(event.stateKey ?? '');
    return children;
  }

  async #told({ nid, row }: UserRoom): Promise<Kind> {
    const { parts } = this.#window;
    const room = (await parts.rooms.byNids(parts.db, [nid])).get(nid);
    const member = await parts.events.byNid(parts.db, row.event_nid);
    const told = room && member ? await strippedState(parts, parts.db, room, member) : [];
    const of = (type: string): JsonObject | undefined => {
      const event = told.find(one => one.type === type);
      return event && getObject(event, 'content');
    };
    return {
      type: getString(of('m.room.create') ?? {}, 'type') ?? null,
      isEncrypted: of('m.room.encryption') !== undefined,
    };
  }
}

function memo<K, V>(known: Map<K, Promise<V>>, key: K, read: () => Promise<V>): Promise<V> {
  const value = known.get(key) ?? read();
  known.set(key, value);
  return value;
}

/** The rooms of a list in its order. All conditions of a filter must hold. */
export async function filterRooms(
  rooms: readonly UserRoom[],
  filter: ListFilter,
  facts: FilterFacts,
): Promise<readonly UserRoom[]> {
  const { isDm, isEncrypted, isInvite, roomTypes, notRoomTypes, tags, notTags, spaces } = filter;
  let found = rooms;
  const keep = (condition: (room: UserRoom) => boolean): void => {
    found = found.filter(condition);
  };
  if (isInvite !== undefined) keep(({ membership }) => (membership === 'invite') === isInvite);
  if (isDm !== undefined) {
    const direct = await facts.direct();
    keep(({ row }) => direct.has(row.room_id) === isDm);
  }
  if (isEncrypted !== undefined || roomTypes !== undefined || notRoomTypes !== undefined) {
    const kinds = new Map<UserRoom, Kind>();
    for (const room of found) {
      const kind = facts.kind(room);
      kinds.set(room, kind instanceof Promise ? await kind : kind);
    }
    const ofType = (types: readonly (string | null)[], room: UserRoom) => types.includes(kinds.get(room)?.type ?? null);
    keep(room => isEncrypted === undefined || kinds.get(room)?.isEncrypted === isEncrypted);
    keep(room => roomTypes === undefined || ofType(roomTypes, room));
    keep(room => notRoomTypes === undefined || !ofType(notRoomTypes, room));
  }
  if (tags !== undefined || notTags !== undefined) {
    const tagged = await facts.tags();
    const hasOne = (names: readonly string[], { row }: UserRoom) =>
      names.some(name => tagged.get(row.room_id)?.has(name) === true);
    keep(room => tags === undefined || hasOne(tags, room));
    keep(room => notTags === undefined || !hasOne(notTags, room));
  }
  if (spaces !== undefined) {
    const children = await Promise.all(spaces.map(space => facts.children(space, rooms)));
    keep(({ row }) => children.some(own => own.has(row.room_id)));
  }
  return found;
}
