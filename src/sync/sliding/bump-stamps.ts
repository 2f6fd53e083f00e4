import type { Budget } from '../../base/budget.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import { newestOfTypes } from '../../rooms/events.table.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { StoredEvent } from '../../rooms/room.ts';

/** What moves a room up in the lists of people (MSC4186, `bump_stamp`). */
const BUMPING: readonly string[] = [
  'm.room.create',
  'm.room.message',
  'm.room.encrypted',
  'm.sticker',
  'm.call.invite',
  'm.poll.start',
  'org.matrix.msc3381.poll.start',
  'm.beacon_info',
  'org.matrix.msc3672.beacon_info',
];
/** A room in which nobody has said anything for so many events stands where the oldest of these came in. */
const MOST_LOOKED_AT = 500;

/** When people last did something in rooms: the number of an event, which grows in the order in which they came in. */
export class BumpStamps {
  readonly #parts: Pick<RoomsParts, 'db' | 'nids'>;
  readonly #stamps: ByteCache<number>;

  constructor(parts: Pick<RoomsParts, 'db' | 'nids'> & { readonly budget: Budget }) {
    this.#parts = parts;
    this.#stamps = new ByteCache({ name: 'bump_stamps', budget: parts.budget, weight: 8, sizeOf: () => 8 });
  }

  /** That of the newest one among some events. */
  among(events: readonly StoredEvent[]): number | undefined {
    return events.findLast(({ event }) => BUMPING.includes(event.type))?.nid;
  }

  /** That of a room at a position of its log. */
  async at(roomNid: number, pos: number): Promise<number> {
    const key = `${roomNid}/${pos}`;
    const cached = this.#stamps.get(key);
    if (cached !== undefined) return cached;
    const { db, nids } = this.#parts;
    const types = await nids.types.find(db, BUMPING);
    const stamp = await newestOfTypes(db, roomNid, pos, { types: [...types.values()], among: MOST_LOOKED_AT });
    this.#stamps.set(key, stamp);
    return stamp;
  }
}
