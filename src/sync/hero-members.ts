import type { UserId } from '../core/ids.ts';
import type { Room, StoredEvent } from '../rooms/room.ts';
import type { StateKeyPair } from '../rooms/room-state.ts';
import { type SyncWindow, toldOf } from './window.ts';

/**
 * The memberships of those after whom a room is called, for a client that loads members lazily: of those that are not
 * `shown` already the ones that its device was not sent before (client-server API, `GET /sync`, `m.heroes`).
 */
export async function heroMembers(
  window: SyncWindow,
  room: Room,
  root: number,
  heroes: readonly UserId[],
  shown: readonly StoredEvent[],
): Promise<StoredEvent[]> {
  const { parts, filter, lazyMembers } = window;
  const members = shown.filter(({ event }) => event.type === 'm.room.member');
  const known = new Set(members.map(({ event }) => event.stateKey));
  const pairs = heroes.filter(user => !known.has(user)).map((user): StateKeyPair => ['m.room.member', user]);
  const found = await parts.state.events(parts.db, room, root, pairs);
  return lazyMembers.unsent(toldOf(window, room), found, filter.state.includeRedundantMembers);
}
