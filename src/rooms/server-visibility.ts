import { redactedEvent } from '../core/event.ts';
import { domainOf, type ServerName, type UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import { erasedSenders } from './erasure.ts';
import { usersOfDomain } from './members.table.ts';
import type { RoomsParts } from './parts.ts';
import type { Membership, Room, StoredEvent } from './room.ts';
import type { StateKeyPair } from './room-state.ts';
import { HISTORY, type HistoryVisibility, membershipOf, VISIBILITIES, visibilityOf } from './visibility.ts';

/**
 * Some events of one room as another server may have them, in the order given: redacted where the room's history
 * visibility lets none of that server's users see them (client-server API, "Room History Visibility").
 */
export async function pdusFor(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  server: ServerName,
  events: readonly StoredEvent[],
): Promise<JsonObject[]> {
  const visibilities = await visibilitiesAt(parts, db, room, events);
  const users = new UsersOfServer(parts, db, room, server);
  const erased = await erasedSenders(parts, db, events);
  const pdus: JsonObject[] = [];
  for (const stored of events) {
    const visibility = visibilities(stored);
    const isOpen = visibility === 'world_readable' || visibility === 'shared' || isOfServer(stored, server);
    // Of those who asked to be forgotten only what came while the server was there: it has it already.
    const isForgotten = erased.has(stored.event.sender) && !isOfServer(stored, server);
    const who = isForgotten ? MEMBERS : whoSees(visibility);
    const isSeen = (isOpen && !isForgotten) || (await users.are(stored.stateBefore, who));
    pdus.push((isSeen ? stored.event : redactedEvent(stored.event)).pdu);
  }
  return pdus;
}

const MEMBERS = ['join'] as const;

function whoSees(visibility: HistoryVisibility): readonly Membership[] {
  return visibility === 'invited' ? ['join', 'invite'] : ['join'];
}

/** What its own user sent, and what brought one of its users in. */
function isOfServer(stored: StoredEvent, server: ServerName): boolean {
  const { event } = stored;
  if (domainOf(event.sender) === server) return true;
  const isMember = event.type === 'm.room.member' && domainOf(event.stateKey as UserId) === server;
  return isMember && ['join', 'invite'].includes(membershipOf(stored));
}

async function visibilitiesAt(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  events: readonly StoredEvent[],
): Promise<(stored: StoredEvent) => HistoryVisibility> {
  const roots = [...new Set(events.map(({ stateBefore }) => stateBefore))];
  const nids = await parts.state.nidsAt(
    db,
    room,
    roots.map(root => ({ root, pair: HISTORY })),
  );
  const found = await parts.events.byNids(
    db,
    nids.filter(nid => nid !== undefined),
  );
  const before = new Map(roots.map((root, at) => [root, visibilityOf(found.get(nids[at] ?? -1))]));
  return stored => {
    const then = before.get(stored.stateBefore) ?? 'shared';
    if (stored.event.type !== HISTORY[0] || stored.event.stateKey !== '') return then;
    // A change counts with what is more open of before and after.
    return VISIBILITIES[Math.min(VISIBILITIES.indexOf(then), VISIBILITIES.indexOf(visibilityOf(stored)))] ?? then;
  };
}

/** Users that are looked for in a state at once. */
const BATCH = 100;

/** What the users of one server were at states of a room. Who was in at one is looked for first at the next. */
class UsersOfServer {
  readonly #parts: RoomsParts;
  readonly #db: Queryable;
  readonly #room: Room;
  readonly #server: ServerName;
  readonly #answers = new Map<string, boolean>();
  #likely: UserId | undefined;

  constructor(parts: RoomsParts, db: Queryable, room: Room, server: ServerName) {
    this.#parts = parts;
    this.#db = db;
    this.#room = room;
    this.#server = server;
  }

  /** Whether one of them has one of some memberships in the state at a root. */
  async are(root: number, memberships: readonly Membership[]): Promise<boolean> {
    const key = `${root} ${memberships.length}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = await this.#look(root, memberships);
    this.#answers.set(key, answer);
    return answer;
  }

  async #look(root: number, memberships: readonly Membership[]): Promise<boolean> {
    if (this.#likely !== undefined && (await this.#has(root, memberships, [this.#likely]))) return true;
    for await (const users of this.#users()) if (await this.#has(root, memberships, users)) return true;
    return false;
  }

  async #has(root: number, memberships: readonly Membership[], users: readonly UserId[]): Promise<boolean> {
    const pairs = users.map((user): StateKeyPair => ['m.room.member', user]);
    const events = await this.#parts.state.events(this.#db, this.#room, root, pairs);
    const found = events.find(stored => memberships.includes(membershipOf(stored)));
    if (found !== undefined) this.#likely = found.event.stateKey as UserId;
    return found !== undefined;
  }

  async *#users(): AsyncGenerator<readonly UserId[], void> {
    const { nids } = this.#parts;
    const domainNid = await nids.domains.findOne(this.#db, this.#server);
    if (domainNid === undefined) return;
    for (let after = 0; ; ) {
      const some = await usersOfDomain(this.#db, this.#room.nid, domainNid, after, BATCH);
      yield [...(await nids.users.names(this.#db, some)).values()] as UserId[];
      if (some.length < BATCH) return;
      after = some.at(-1) ?? after;
    }
  }
}
