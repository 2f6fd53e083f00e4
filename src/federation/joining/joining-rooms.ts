import type { Room } from '../../rooms/room.ts';

/** Rooms that we are coming into just now: their servers may send us events before we have taken in the state. */
export class JoiningRooms {
  readonly #nids = new Set<number>();

  has({ nid }: Pick<Room, 'nid'>): boolean {
    return this.#nids.has(nid);
  }

  /** A join begins, one at a time for a room; disposing of it ends it. */
  begin({ nid }: Room): Disposable {
    this.#nids.add(nid);
    return { [Symbol.dispose]: () => void this.#nids.delete(nid) };
  }
}
