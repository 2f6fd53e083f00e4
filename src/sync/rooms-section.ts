import type { RoomId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { clientEvents } from '../rooms/client-event.ts';
import { departuresSince } from '../rooms/departures.table.ts';
import { roomRootAt } from '../rooms/events.table.ts';
import { incompleteAmong } from '../rooms/incomplete-rooms.table.ts';
import { isInviteHidden } from '../rooms/invite-permission.ts';
import { formatRoomToken } from '../rooms/log-token.ts';
import { type MemberRow, membershipsIn, roomsOfUser } from '../rooms/members.table.ts';
import { privateReceiptsSince, type ReceiptRow } from '../rooms/receipts.table.ts';
import { membershipName, type Room, type StoredEvent } from '../rooms/room.ts';
import { roomsWithEntries } from '../rooms/room-log.table.ts';
import { strippedState } from '../rooms/stripped-state.ts';
import { lastStay } from '../rooms/visibility.ts';
import { ephemeralEvents } from './ephemeral.ts';
import { isEmptyBlock, roomEvents } from './joined-room.ts';
import type { TypedContent, UnreadCounts } from './sources.ts';
import { isStateAfter, type LogWindow, roomStretch, type SyncWindow, stretch, userLogMoved } from './window.ts';

interface UserRoom {
  readonly room: Room;
  readonly row: MemberRow;
}

/** The `rooms` section of a sync and what the device lists need to know of it. */
export interface RoomsSection {
  readonly json: JsonObject;
  readonly kept: { readonly room: Room; readonly members: readonly StoredEvent[] }[];
  readonly joined: Room[];
  readonly left: Room[];
}

export async function roomsSection(window: SyncWindow): Promise<RoomsSection> {
  const mine = await userRooms(window);
  const extra = await extras(window, mine);
  const join: Record<string, JsonObject> = {};
  const result: RoomsSection = { json: {}, kept: [], joined: [], left: [] };
  const unread = new Map<Room, JsonObject>();
  for (const userRoom of mine.filter(({ row }) => membershipName(row.membership) === 'join')) {
    const block = await joinedBlock(window, userRoom, extra, result);
    if (block === undefined) continue;
    join[userRoom.room.roomId] = block;
    unread.set(userRoom.room, block);
  }
  await addUnread(window, unread);
  const invite = await pendingBlocks(window, mine, 'invite');
  const knock = await pendingBlocks(window, mine, 'knock');
  const left = await leftBlocks(window, mine, extra, result);
  const leave = { ...(await goneBlocks(window, { ...join, ...invite, ...knock, ...left })), ...left };
  for (const [name, section] of Object.entries({ join, invite, knock, leave })) {
    if (Object.keys(section).length > 0) result.json[name] = section;
  }
  return result;
}

async function userRooms(window: SyncWindow): Promise<UserRoom[]> {
  const { parts, filter } = window;
  const rows = await rowsOf(window);
  const rooms = await parts.rooms.byNids(
    parts.db,
    rows.map(row => row.room_nid),
  );
  // Who does not load members lazily takes the first of them for all: such rooms come once their members are known.
  const isLazy = filter.state.lazyLoadMembers;
  const incomplete = isLazy || rows.length === 0 ? NO_ROOMS : await incompleteAmong(parts.db, [...rooms.keys()]);
  return rows.flatMap(row => {
    const room = rooms.get(row.room_nid);
    if (room === undefined || isHidden(window, room, row) || !filter.matchesRoom(room.roomId)) return [];
    return membershipName(row.membership) === 'join' && incomplete.has(room.nid) ? [] : [{ room, row }];
  });
}

const NO_ROOMS: ReadonlySet<number> = new Set();

/**
 * The rooms that this sync can be about. As a rule they are few, whatever the user is in: every change of a membership
 * is an entry in its room's log, too. What the user's log says can be about any room.
 */
async function rowsOf(window: SyncWindow): Promise<MemberRow[]> {
  const { parts, view, since, fullState, busyRooms, typing } = window;
  if (since === undefined || fullState || busyRooms === undefined || userLogMoved(window))
    return roomsOfUser(parts.db, view.userNid);
  const nids = new Set([...busyRooms, ...typing.changedSince(since.typing)]);
  return nids.size === 0 ? [] : membershipsIn(parts.db, view.userNid, [...nids]);
}

/**
 * Forgotten rooms are in no sync (client-server API, "Leaving rooms"), but for the one that tells of the leaving:
 * otherwise the user's other devices would show the room for ever. Complement wants it so, against the wording.
 */
function isHidden(window: SyncWindow, room: Room, row: MemberRow): boolean {
  if (row.forgotten === 0) return false;
  return window.since === undefined || row.pos <= stretch(window, room.shard).after;
}

/** What makes a room part of a sync besides its log. */
interface Extras {
  readonly busy: ReadonlySet<number>;
  readonly accountData: ReadonlyMap<RoomId, readonly TypedContent[]>;
  readonly receipts: ReadonlyMap<number, readonly ReceiptRow[]>;
}

async function extras(window: SyncWindow, mine: readonly UserRoom[]): Promise<Extras> {
  const { sources, parts, view, since, typing } = window;
  const moved = userLogMoved(window);
  const data = moved ? await sources.roomAccountData(parts.db, view.userNid, since?.user) : [];
  const receipts = moved ? await privateReceiptsSince(parts.db, view.userNid, since?.user ?? 0) : [];
  const busy = await busyAmong(
    window,
    mine.map(({ room }) => room),
  );
  const told = since === undefined ? [] : typing.changedSince(since.typing);
  return {
    busy: new Set([...busy, ...told]),
    accountData: Map.groupBy(data, entry => entry.roomId),
    receipts: Map.groupBy(receipts, row => row.room_nid),
  };
}

/** Which of some rooms have entries in the stretch; none at the beginning, when everything is new. */
export async function busyAmong(
  window: LogWindow,
  rooms: readonly Pick<Room, 'nid' | 'shard'>[],
): Promise<Set<number>> {
  const { busyRooms, parts, since } = window;
  const busy = new Set<number>();
  if (busyRooms !== undefined) {
    for (const { nid } of rooms) if (busyRooms.has(nid)) busy.add(nid);
    return busy;
  }
  if (since === undefined) return busy;
  for (const [shard, some] of Map.groupBy(rooms, room => room.shard)) {
    const { after, upTo } = stretch(window, shard);
    if (after >= upTo) continue;
    const nids = some.map(room => room.nid);
    for (const nid of await roomsWithEntries(parts.db, nids, after, upTo)) busy.add(nid);
  }
  return busy;
}

async function joinedBlock(
  window: SyncWindow,
  { room, row }: UserRoom,
  extra: Extras,
  result: RoomsSection,
): Promise<JsonObject | undefined> {
  const { after, upTo } = stretch(window, room.shard);
  const justJoined = window.since !== undefined && row.pos > after && !(await wasJoined(window, room, after));
  const initial = window.since === undefined;
  const news = extra.accountData.get(room.roomId) ?? [];
  const receipts = extra.receipts.get(room.nid) ?? [];
  const quiet = !initial && !justJoined && !window.fullState && !extra.busy.has(room.nid);
  if (quiet && news.length === 0 && receipts.length === 0) return undefined;
  const becameWhole = !initial && extra.busy.has(room.nid) && (await knowsMembers(window, room));
  const isFirst = justJoined || (becameWhole && !window.filter.state.lazyLoadMembers);
  const isNew = initial || isFirst || window.fullState;
  const { json, members, late } = await roomEvents(window, { room, isNew, becameWhole, after, upTo }, true);
  if (late !== undefined) window.late?.set(room.roomId, late);
  if (justJoined || becameWhole) result.joined.push(room);
  else result.kept.push({ room, members });
  const ephemeral = await ephemeralEvents(window, room, isFirst ? 0 : after, receipts);
  // What was attached while the user was out was in no sync.
  const data = isFirst ? await window.sources.accountDataOf(window.parts.db, window.view.userNid, [room.roomId]) : news;
  const block: JsonObject = {
    ...json,
    ephemeral: { events: ephemeral },
    account_data: { events: accountDataEvents(window, room, data) },
  };
  // An entry that shows nothing (a filter took it away) is no reason to answer, unless counts moved: receipts do that.
  return isNew || extra.busy.has(room.nid) || !isEmptyBlock(block) ? block : undefined;
}

function accountDataEvents({ filter, view }: SyncWindow, room: Room, data: readonly TypedContent[]): JsonObject[] {
  const { roomAccountData: wanted } = filter;
  if (!wanted.matchesRoom(room.roomId)) return [];
  return data
    .filter(({ type, content }) => wanted.matches({ type, sender: view.userId, content }))
    .map(({ type, content }) => ({ type, content }));
}

/** Whether those who were in a room before our join have become known. */
export function knowsMembers(window: LogWindow, room: Room): Promise<boolean> {
  return window.reads.becameWhole(window.parts.db, roomStretch(window, room));
}

export async function wasJoined({ parts, view }: LogWindow, room: Room, after: number): Promise<boolean> {
  const root = await roomRootAt(parts.db, room.nid, after);
  return root !== 0 && (await parts.state.membership(parts.db, room, root, view.userId)) === 'join';
}

async function addUnread(window: SyncWindow, blocks: ReadonlyMap<Room, JsonObject>): Promise<void> {
  if (blocks.size === 0) return;
  const counts = await window.sources.unread(
    window.parts.db,
    window.view.userNid,
    new Map([...blocks.keys()].map(room => [room.nid, stretch(window, room.shard).upTo])),
  );
  const byThread = window.filter.timeline.unreadThreadNotifications;
  for (const [room, block] of blocks) {
    const own = counts.get(room.nid);
    const main = own?.threads.get('main') ?? NOTHING;
    block.unread_notifications = written(byThread ? main : (own ?? NOTHING));
    const threads = [...(own?.threads ?? [])].filter(([id]) => id !== 'main');
    if (byThread && threads.length > 0) {
      block.unread_thread_notifications = Object.fromEntries(threads.map(([id, one]) => [id, written(one)]));
    }
  }
}

const NOTHING: UnreadCounts = { notify: 0, highlight: 0 };

function written(counts: UnreadCounts): JsonObject {
  return { notification_count: counts.notify, highlight_count: counts.highlight };
}

/** Invites and knocks that are new to the client. */
async function pendingBlocks(
  window: SyncWindow,
  mine: readonly UserRoom[],
  kind: 'invite' | 'knock',
): Promise<Record<string, JsonObject>> {
  const blocks: Record<string, JsonObject> = {};
  for (const { room, row } of mine) {
    const { after, upTo } = stretch(window, room.shard);
    if (membershipName(row.membership) !== kind || row.pos > upTo || (row.pos <= after && !window.fullState)) continue;
    const member = await window.parts.events.byNid(window.parts.db, row.event_nid);
    if (member === undefined || (kind === 'invite' && (await isUnwanted(window, member)))) continue;
    const events = await strippedState(window.parts, window.parts.db, room, member);
    blocks[room.roomId] = kind === 'invite' ? { invite_state: { events } } : { knock_state: { events } };
  }
  return blocks;
}

/** An invite from somebody whom the user ignores, or from whom they want none. */
async function isUnwanted({ parts, view, ignored }: SyncWindow, { event: { sender } }: StoredEvent): Promise<boolean> {
  return ignored.has(sender) || isInviteHidden(parts, parts.db, view.userNid, sender);
}

/**
 * Rooms that the user is out of since: kicked or left, an invite declined, a knock taken back, a ban or the end of one.
 * All that were ever left in a sync of everything that asks for them.
 */
async function leftBlocks(
  window: SyncWindow,
  mine: readonly UserRoom[],
  { accountData }: Extras,
  result: RoomsSection,
): Promise<Record<RoomId, JsonObject>> {
  const blocks: Record<RoomId, JsonObject> = {};
  for (const userRoom of mine) {
    const { room, row } = userRoom;
    const { after, upTo } = stretch(window, room.shard);
    const out = ['leave', 'ban'].includes(membershipName(row.membership));
    const isNews = window.since !== undefined && row.pos > after;
    const isWanted = window.filter.includeLeave && (window.since === undefined || window.fullState);
    if (!out || row.pos > upTo || !(isNews || isWanted)) continue;
    const own = await window.parts.events.byNid(window.parts.db, row.event_nid);
    // Being banned from a room that one never had to do with is no news.
    if (own?.replacesNid === undefined) continue;
    const events = accountDataEvents(window, room, accountData.get(room.roomId) ?? []);
    blocks[room.roomId] = { ...(await leftBlock(window, userRoom, own, result)), account_data: { events } };
  }
  return blocks;
}

/** Rooms that the user was taken out of and that were deleted then: their own logs tell of it no more. */
async function goneBlocks(
  window: SyncWindow,
  shown: Readonly<Record<string, JsonObject>>,
): Promise<Record<RoomId, JsonObject>> {
  const blocks: Record<RoomId, JsonObject> = {};
  const { parts, view, since } = window;
  if (since === undefined || !userLogMoved(window)) return blocks;
  for (const { room_id: roomId, event } of await departuresSince(parts.db, view.userNid, since.user)) {
    const isBack = Object.hasOwn(shown, roomId) || (await parts.rooms.find(parts.db, roomId)) !== undefined;
    if (isBack || !window.filter.matchesRoom(roomId)) continue;
    const block = withLater(window, emptyBlock(window, formatRoomToken(0)), [JSON.parse(event) as JsonObject]);
    blocks[roomId] = { ...block, account_data: { events: [] } };
  }
  return blocks;
}

/** The room up to the end of the stay if that is in this sync, and never further: state is for those who are there. */
async function leftBlock(
  window: SyncWindow,
  { room, row }: UserRoom,
  own: StoredEvent,
  result: RoomsSection,
): Promise<JsonObject> {
  const { after } = stretch(window, room.shard);
  const { endedBy } = await lastStay(window.parts, window.parts.db, room, window.view);
  const end = endedBy?.pos;
  if (end === undefined || (end <= after && !window.fullState)) return membershipBlock(window, room, row, own);
  const had = window.since !== undefined && (await wasJoined(window, room, after));
  if (had) result.left.push(room);
  const { json } = await roomEvents(window, { room, isNew: !had, after, upTo: end }, false);
  if (end === row.pos) return json;
  // Banned after having left, or invited back in vain.
  return withLater(window, json, await ownEvents(window, room, row, own));
}

function emptyBlock({ stateName }: SyncWindow, prevBatch: string): JsonObject {
  return { timeline: { events: [], limited: false, prev_batch: prevBatch }, [stateName]: { events: [] } };
}

/** A block with further events after the last; one who is given the state at the end takes none from the timeline. */
function withLater(window: SyncWindow, block: JsonObject, later: readonly JsonObject[]): JsonObject {
  const timeline = block.timeline as JsonObject;
  const state = block[window.stateName] as JsonObject;
  const and = ({ events }: JsonObject) => [...(events as readonly JsonObject[]), ...later];
  return {
    ...block,
    timeline: { ...timeline, events: and(timeline) },
    [window.stateName]: isStateAfter(window) ? { events: and(state) } : state,
  };
}

/** For one who was not in the room: what became of the own membership, and nothing else. */
async function membershipBlock(window: SyncWindow, room: Room, row: MemberRow, own: StoredEvent): Promise<JsonObject> {
  const block = emptyBlock(window, formatRoomToken(row.pos - 1));
  return withLater(window, block, await ownEvents(window, room, row, own));
}

function ownEvents(
  { parts, view, filter }: SyncWindow,
  room: Room,
  row: MemberRow,
  own: StoredEvent,
): Promise<JsonObject[]> {
  const seen = [{ stored: own, membership: membershipName(row.membership) }];
  return clientEvents(parts, parts.db, room, view, seen, filter.format);
}
