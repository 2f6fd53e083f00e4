import { domainOf, isUserId, type ServerName } from '../core/ids.ts';
import { getString } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import type { Room, StoredEvent } from './room.ts';
import type { Difference, Root } from './state-tree/state-trees.ts';
import { MEMBER_TYPE_NID, stateKeyOf, typeOf } from './state-tree/tree-key.ts';
import type { RoomStore } from './store.ts';

/** By how many joined users more or fewer servers have, by number. A server that comes and goes may stand there with 0. */
export type JoinedChanges = ReadonlyMap<number, number>;

const NONE: JoinedChanges = new Map();
/** Changes that are looked at together, so that a big difference is never all in memory. */
const BATCH = 200;

/** What an event changed in its room's resolved state, which was `before`. */
export async function joinedChangesBy(
  store: RoomStore,
  db: Queryable,
  room: Room,
  before: Root,
  stored: StoredEvent,
): Promise<JoinedChanges> {
  if (before === stored.roomRoot) return NONE;
  // The usual case: the event itself is the whole difference.
  if (stored.stateBefore !== before || stored.stateAfter !== stored.roomRoot)
    return joinedChanges(store, db, room, before, stored.roomRoot);
  const { type, stateKey } = stored.event;
  if (type !== 'm.room.member' || stateKey === undefined) return NONE;
  const replaced = stored.replacesNid === undefined ? undefined : await store.events.byNid(db, stored.replacesNid);
  const counts = new Counts();
  counts.moved(stateKey, replaced, stored);
  return counts.byNumber(store, db);
}

/** How two resolved states of a room differ. */
export async function joinedChanges(
  store: RoomStore,
  db: Queryable,
  room: Room,
  from: Root,
  to: Root,
): Promise<JoinedChanges> {
  if (from === to) return NONE;
  const differences = (await store.trees.diff(db, room.nid, from, to)).filter(
    ({ key }) => typeOf(key) === MEMBER_TYPE_NID,
  );
  const counts = new Counts();
  for (let at = 0; at < differences.length; at += BATCH)
    await countBatch(store, db, differences.slice(at, at + BATCH), counts);
  return counts.byNumber(store, db);
}

async function countBatch(
  { nids, events }: RoomStore,
  db: Queryable,
  differences: readonly Difference[],
  counts: Counts,
): Promise<void> {
  const names = await nids.stateKeys.names(
    db,
    differences.map(({ key }) => stateKeyOf(key)),
  );
  const found = await events.byNids(
    db,
    differences.flatMap(({ before, after }) => [before ?? [], after ?? []].flat()),
  );
  for (const { key, before, after } of differences)
    counts.moved(names.get(stateKeyOf(key)) ?? '', found.get(before ?? 0), found.get(after ?? 0));
}

class Counts {
  readonly #byServer = new Map<ServerName, number>();

  moved(user: string, before: StoredEvent | undefined, after: StoredEvent | undefined): void {
    const by = Number(isJoin(after)) - Number(isJoin(before));
    if (by === 0 || !isUserId(user)) return;
    const server = domainOf(user);
    this.#byServer.set(server, (this.#byServer.get(server) ?? 0) + by);
  }

  async byNumber({ nids }: RoomStore, db: Queryable): Promise<JoinedChanges> {
    if (this.#byServer.size === 0) return NONE;
    const numbers = await nids.domains.find(db, this.#byServer.keys());
    return new Map(
      [...this.#byServer].flatMap(([server, by]) => (numbers.has(server) ? [[numbers.get(server)!, by]] : [])),
    );
  }
}

function isJoin(stored: StoredEvent | undefined): boolean {
  return stored !== undefined && getString(stored.event.content, 'membership') === 'join';
}
