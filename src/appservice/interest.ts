import type { Budget } from '../base/budget.ts';
import { ByteCache } from '../base/byte-cache.ts';
import type { RoomAlias, UserId } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import { aliasesOf } from '../rooms/aliases.table.ts';
import { joinedOfDomain } from '../rooms/members.table.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { Room, StoredEvent } from '../rooms/room.ts';
import { ownsUser, type Registration } from './registration.ts';

export interface InterestParts {
  readonly db: Database;
  readonly rooms: Pick<RoomsParts, 'nids' | 'serverName'>;
  readonly budget: Budget;
}

/**
 * What an application service is told of: events that one of its users sent or that concern one of them, and everything
 * in rooms that are in its namespaces, have an alias in them, or a joined member of its own (application service API,
 * "Pushing events").
 */
export class Interest {
  readonly #parts: InterestParts;
  readonly #registration: Registration;
  /** Whether rooms have a member of its own, by their number. */
  readonly #members: ByteCache<'yes' | 'no'>;

  constructor(parts: InterestParts, registration: Registration) {
    this.#parts = parts;
    this.#registration = registration;
    this.#members = new ByteCache({
      name: `appservice_rooms ${registration.id}`,
      budget: parts.budget,
      weight: 2,
      sizeOf: () => 16,
    });
  }

  /** Forgets what is known of rooms. */
  forget(): void {
    this.#members.clear();
  }

  /** Whether everything in the room is for it, now that `events` have happened there. */
  async inRoom(room: Room, events: readonly StoredEvent[]): Promise<boolean> {
    const { rooms, aliases } = this.#registration;
    if (events.some(({ event }) => event.type === 'm.room.member' && this.#owns(event.stateKey))) {
      this.#members.delete(String(room.nid));
    }
    if (rooms.has(room.roomId)) return true;
    if (await this.#hasMember(room)) return true;
    if (aliases.isEmpty) return false;
    return (await aliasesOf(this.#parts.db, room.roomId)).some((alias: RoomAlias) => aliases.has(alias));
  }

  /** Whether an event is for it wherever it happened. */
  inEvent({ event }: StoredEvent): boolean {
    return this.#owns(event.sender) || (event.type === 'm.room.member' && this.#owns(event.stateKey));
  }

  async #hasMember(room: Room): Promise<boolean> {
    const known = this.#members.get(String(room.nid));
    if (known !== undefined) return known === 'yes';
    const { db, rooms } = this.#parts;
    const own = await rooms.nids.domains.findOne(db, rooms.serverName);
    const joined = own === undefined ? [] : await joinedOfDomain(db, room.nid, own);
    const names = await rooms.nids.users.names(db, new Set(joined.map(row => row.user_nid)));
    const has = [...names.values()].some(user => this.#owns(user));
    this.#members.set(String(room.nid), has ? 'yes' : 'no');
    return has;
  }

  #owns(userId: string | undefined): boolean {
    return userId !== undefined && ownsUser(this.#registration, userId as UserId);
  }
}
