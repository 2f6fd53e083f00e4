import type { UserId } from '../core/ids.ts';
import { getString } from '../core/json.ts';
import { membersOf, sharingRoomWith } from '../rooms/members.table.ts';
import { MEMBERSHIPS, type Room, type StoredEvent } from '../rooms/room.ts';
import { type LogWindow, roomStretch, userLogMoved } from './window.ts';

export interface DeviceListInput {
  /** Rooms that the user is in and was in before, with the membership events since. */
  readonly kept: readonly { readonly room: Room; readonly members: readonly StoredEvent[] }[];
  /** Rooms joined since. */
  readonly joined: readonly Room[];
  /** Rooms left since. */
  readonly left: readonly Room[];
}

export interface DeviceListChanges {
  readonly changed: UserId[];
  readonly left: UserId[];
}

/**
 * Whose device lists the client must fetch anew, and whom it may forget (client-server API, "Tracking the device list
 * for a user"): those whose devices changed, those who now share a room, those who share none any more. The
 * specification speaks of encrypted rooms only; other servers count all rooms, and Complement's TestDeviceListUpdates
 * and clients that watch users ahead of the encryption of a room build on it.
 */
export async function deviceListChanges(window: LogWindow, input: DeviceListInput): Promise<DeviceListChanges> {
  const changed = new Set<number>(await announced(window, input));
  const gone = new Set<number>();
  for (const { members } of input.kept) await sortMembers(window, members, changed, gone);
  // One's own list is in one's own log; being announced in a room says nothing new about it.
  changed.delete(window.view.userNid);
  // Of a room that one comes into all members are named, oneself too: that is what Synapse does, and clients expect.
  for (const room of input.joined) for (const nid of await joinedMembers(window, room)) changed.add(nid);
  for (const room of input.left) for (const nid of await joinedMembers(window, room)) gone.add(nid);
  gone.delete(window.view.userNid);
  const still = new Set(await usersSharingRoom(window, [...gone]));
  const left = [...gone].filter(nid => !still.has(nid));
  for (const nid of left) changed.delete(nid);
  for (const nid of await ownChanges(window)) changed.add(nid);
  const names = await window.parts.nids.users.names(window.parts.db, [...changed, ...left]);
  const named = (nids: Iterable<number>) => [...nids].flatMap(nid => names.get(nid) ?? []);
  return { changed: named(changed), left: named(left) };
}

/** Of some users those with whom the viewer shares a room now. */
export async function usersSharingRoom({ parts, view }: LogWindow, userNids: readonly number[]): Promise<number[]> {
  if (userNids.length === 0) return [];
  return sharingRoomWith(parts.db, view.userNid, userNids);
}

async function ownChanges(window: LogWindow): Promise<readonly number[]> {
  if (!userLogMoved(window)) return [];
  const { sources, parts, view, since, now } = window;
  return sources.ownDeviceLists(parts.db, view.userNid, since?.user ?? 0, now.user);
}

async function announced(window: LogWindow, input: DeviceListInput): Promise<number[]> {
  const found: number[] = [];
  for (const { room } of input.kept) {
    found.push(...(await window.reads.deviceLists(window.parts.db, roomStretch(window, room))));
  }
  return found;
}

async function sortMembers(
  window: LogWindow,
  members: readonly StoredEvent[],
  changed: Set<number>,
  gone: Set<number>,
): Promise<void> {
  if (members.length === 0) return;
  const users = await window.parts.nids.users.find(
    window.parts.db,
    members.map(({ event }) => event.stateKey as UserId),
  );
  for (const { event } of members) {
    const nid = users.get(event.stateKey as UserId);
    if (nid === undefined) continue;
    const membership = getString(event.content, 'membership');
    if (membership === 'join' || membership === 'invite') changed.add(nid);
    else gone.add(nid);
  }
}

async function joinedMembers({ parts }: LogWindow, room: Room): Promise<number[]> {
  return (await membersOf(parts.db, room.nid, [MEMBERSHIPS.join])).map(row => row.user_nid);
}
