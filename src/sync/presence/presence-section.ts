import { getString, type JsonObject } from '../../core/json.ts';
import { joinedToAny } from '../../rooms/members.table.ts';
import type { StoredEvent } from '../../rooms/room.ts';
import { usersSharingRoom } from '../device-lists.ts';
import type { RoomsSection } from '../rooms-section.ts';
import type { SyncWindow } from '../window.ts';
import type { Presence } from './presence.ts';

/**
 * `presence.events` of a sync: those who changed of the people one shares rooms with, everybody who is there in an initial
 * sync and in rooms joined since, and who joined one's rooms since.
 */
export async function presenceSection(
  presence: Presence,
  window: SyncWindow,
  section: Pick<RoomsSection, 'kept' | 'joined'>,
): Promise<JsonObject[]> {
  const { parts, view, since, filter, ignored } = window;
  const { db, nids } = parts;
  const nidsFound = new Set<number>();
  const changed = presence.changedSince(since?.presence);
  const shared = changed.size === 0 ? [] : await usersSharingRoom(window, [...changed]);
  for (const nid of shared) nidsFound.add(nid);
  if (changed.has(view.userNid)) nidsFound.add(view.userNid);
  const present = section.joined.length > 0 ? [...presence.present()].filter(nid => nid !== view.userNid) : [];
  const rooms = section.joined.map(room => room.nid);
  if (present.length > 0) for (const nid of await joinedToAny(db, rooms, present)) nidsFound.add(nid);
  const newcomers = section.kept.flatMap(({ members }) => members).flatMap(joiner);
  const known = await nids.users.find(db, newcomers);
  const here = known.size > 0 ? presence.present() : new Set<number>();
  for (const nid of known.values()) if (here.has(nid)) nidsFound.add(nid);
  const names = await nids.users.names(db, nidsFound);
  const events: JsonObject[] = [];
  for (const [nid, sender] of names) {
    if (ignored.has(sender) || !filter.presence.matches({ type: 'm.presence', sender, content: {} })) continue;
    events.push({ type: 'm.presence', sender, content: await presence.contentOf(nid) });
  }
  return events;
}

function joiner({ event }: StoredEvent) {
  return getString(event.content, 'membership') === 'join' && event.stateKey !== undefined
    ? [event.stateKey as never]
    : [];
}
