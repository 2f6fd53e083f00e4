import type { Clock } from '../../base/clock.ts';
import { domainOf, isUserId, type ServerName, type UserId } from '../../core/ids.ts';
import { getString } from '../../core/json.ts';
import type { Tx } from '../../db/database.ts';
import { roomRootAt } from '../../rooms/events.table.ts';
import { type JoinedChanges, joinedChanges, joinedChangesBy } from '../../rooms/joined-changes.ts';
import { OWN, type Room, type StoredEvent } from '../../rooms/room.ts';
import { joinedOfServers } from '../../rooms/room-domains.table.ts';
import { LOG_EVENT, LOG_RECEIPT, LOG_STATE, type LogEntry } from '../../rooms/room-log.table.ts';
import { lockRoom } from '../../rooms/rooms.table.ts';
import type { RoomStore } from '../../rooms/store.ts';
import { introduceMembers, introduceUser } from './introductions.ts';
import { addSingle, closeRanges, openRanges } from './outbound-ranges.table.ts';
import { ServersThen } from './servers-then.ts';

export interface FollowParts {
  readonly store: RoomStore;
  readonly clock: Clock;
  readonly serverName: ServerName;
}

/** Entries of one room's log in a row, with the events among them and the local users whose receipts are among them. */
export interface Stretch {
  readonly room: Room;
  readonly entries: readonly LogEntry[];
  readonly events: ReadonlyMap<number, StoredEvent>;
  readonly localUsers: ReadonlySet<number>;
}

/** Servers, by number, for which nothing waited before. */
export interface Woken {
  readonly now: readonly number[];
  /** For these there are receipts alone, which go out better with something else. */
  readonly soon: readonly number[];
}

interface Step {
  readonly pos: number;
  readonly event: StoredEvent | undefined;
  readonly changes: JoinedChanges;
  readonly isOwnReceipt: boolean;
}

const NONE: JoinedChanges = new Map();

/**
 * Notes for whom the entries are: an entry of ours is for every server that was in the room once it was in, but for the
 * one that its sender is of; a leave or ban also for the server of the user whom it concerns.
 */
export async function followRoom(parts: FollowParts, tx: Tx, stretch: Stretch): Promise<Woken> {
  const { store, clock, serverName } = parts;
  // Nobody comes or goes while it is looked at.
  const { state_root: rootNow } = await lockRoom(tx, stretch.room.nid);
  const { steps, root } = await stepsOf(parts, tx, stretch);
  const rest = await joinedChanges(store, tx, stretch.room, root, rootNow);
  const own = await store.nids.domains.internOne(tx, serverName);
  const targets = await targetsOf(parts, tx, steps);
  const later = [...steps.map(step => step.changes), rest];
  const concerned = new Set([...later.flatMap(changes => [...changes.keys()]), ...targets.values()]);
  const now = concerned.size === 0 ? NONE : await joinedOfServers(tx, stretch.room.nid, [...concerned]);
  const walk = new Walk(parts, tx, stretch.room, own, new ServersThen(now, later), clock.now());
  for (const step of steps) await walk.take(step, step.event && targets.get(step.event));
  return walk;
}

async function stepsOf({ store }: FollowParts, tx: Tx, { room, entries, events, localUsers }: Stretch) {
  let root = await roomRootAt(tx, room.nid, (entries[0]?.pos ?? 0) - 1);
  const steps: Step[] = [];
  for (const { pos, kind, ref } of entries) {
    const event = kind === LOG_EVENT ? events.get(ref) : undefined;
    // The first that is known of a room brings everybody with it, which is no change; but for the event itself, where a
    // user of ours came into it through another server.
    const before = root === 0 ? event?.stateBefore : root;
    const changes = event && before ? await joinedChangesBy(store, tx, room, before, event) : NONE;
    // Members who were there before are all known now: that is no change of who is in the room.
    root = kind === LOG_STATE ? ref : (event?.roomRoot ?? root);
    const isOwnReceipt = kind === LOG_RECEIPT && localUsers.has(ref);
    steps.push({ pos, event, changes, isOwnReceipt });
  }
  return { steps, root };
}

/** The servers of the users whom leaves and bans of ours concern. */
async function targetsOf({ store, serverName }: FollowParts, tx: Tx, steps: readonly Step[]) {
  const targets = new Map<StoredEvent, number>();
  for (const { event } of steps) {
    const user = event !== undefined && (event.flags & OWN) !== 0 ? removedUser(event) : undefined;
    if (event === undefined || user === undefined || domainOf(user) === serverName) continue;
    targets.set(event, await store.nids.domains.internOne(tx, domainOf(user)));
  }
  return targets;
}

function removedUser({ event }: StoredEvent): UserId | undefined {
  const membership = getString(event.content, 'membership');
  const { type, stateKey = '' } = event;
  return type === 'm.room.member' && (membership === 'leave' || membership === 'ban') && isUserId(stateKey)
    ? stateKey
    : undefined;
}

class Walk implements Woken {
  readonly now: number[] = [];
  readonly soon: number[] = [];
  readonly #parts: FollowParts;
  readonly #tx: Tx;
  readonly #room: Room;
  readonly #own: number;
  readonly #servers: ServersThen;
  readonly #since: number;
  /** For which kinds of entries everybody who is in the room has a range. */
  #opened = new Set<number>();

  constructor(parts: FollowParts, tx: Tx, room: Room, own: number, servers: ServersThen, since: number) {
    this.#parts = parts;
    this.#tx = tx;
    this.#room = room;
    this.#own = own;
    this.#servers = servers;
    this.#since = since;
  }

  async take({ pos, event, changes, isOwnReceipt }: Step, target: number | undefined): Promise<void> {
    this.#servers.pass(changes);
    // Those who have come need ranges of their own, and another event may open ranges that were closed.
    if (changes.size > 0) this.#opened = new Set();
    if (isOwnReceipt) this.soon.push(...(await this.#open(LOG_RECEIPT, pos)));
    if (event === undefined) return;
    if ((event.flags & OWN) !== 0) this.now.push(...(await this.#open(LOG_EVENT, pos)));
    await this.#close(changes, pos);
    if (target !== undefined && this.#servers.joined(target) <= 0) await this.#addSingle(target, pos);
    await this.#introduce(event, changes);
  }

  async #open(kind: number, pos: number): Promise<number[]> {
    if (this.#opened.has(kind)) return [];
    this.#opened.add(kind);
    const range = { roomNid: this.#room.nid, kind, from: pos, since: this.#since };
    return openRanges(this.#tx, range, this.#servers.audience(this.#own));
  }

  async #close(changes: JoinedChanges, pos: number): Promise<void> {
    const gone = [...changes].filter(([nid, by]) => by < 0 && this.#servers.joined(nid) <= 0).map(([nid]) => nid);
    if (gone.length > 0) await closeRanges(this.#tx, this.#room.nid, gone, pos);
  }

  async #addSingle(domainNid: number, pos: number): Promise<void> {
    const range = { roomNid: this.#room.nid, kind: LOG_EVENT, from: pos, since: this.#since };
    if (await addSingle(this.#tx, domainNid, range)) this.now.push(domainNid);
  }

  /** Whoever now shares a room for the first time learns of the device lists that may have changed meanwhile. */
  async #introduce({ event }: StoredEvent, changes: JoinedChanges): Promise<void> {
    const { store, clock } = this.#parts;
    const parts = { nids: store.nids, clock, own: this.#own };
    for (const [domainNid, by] of changes) {
      const joined = this.#servers.joined(domainNid);
      const isNew = by > 0 && joined === by;
      if (domainNid === this.#own && event.stateKey !== undefined && by > 0) {
        const user = event.stateKey as UserId;
        this.now.push(...(await introduceUser(parts, this.#tx, this.#room, user)));
      } else if (domainNid !== this.#own && isNew) {
        this.now.push(...(await introduceMembers(parts, this.#tx, this.#room, domainNid, event.ts)));
      }
    }
  }
}
