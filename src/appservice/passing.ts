import type { RoomId, UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';

/** Rooms, users and receipts that are remembered until the next transaction; what comes on top is left out. */
const MOST = 1000;

/**
 * What passes: who types, who is there, and who has read what in private, which stands in no room's log. Only the last
 * word on each room, user and thread counts, so that a slow application service is told the newest, and one that is away
 * misses nothing that lasts.
 */
export class Passing {
  readonly #typing = new Map<RoomId, readonly UserId[]>();
  readonly #presence = new Map<UserId, JsonObject>();
  readonly #receipts = new Map<string, JsonObject>();

  types(roomId: RoomId, users: readonly UserId[]): void {
    if (this.#typing.has(roomId) || this.#typing.size < MOST) this.#typing.set(roomId, users);
  }

  isThere(sender: UserId, content: JsonObject): void {
    if (this.#presence.has(sender) || this.#presence.size < MOST) this.#presence.set(sender, content);
  }

  readsInPrivate(room_id: RoomId, userId: UserId, thread: string, content: JsonObject): void {
    const key = JSON.stringify([room_id, userId, thread]);
    if (this.#receipts.has(key) || this.#receipts.size < MOST)
      this.#receipts.set(key, { type: 'm.receipt', room_id, content });
  }

  /** Everything, which is then forgotten. */
  take(): JsonObject[] {
    const typing = [...this.#typing].map(([room_id, user_ids]) => ({
      type: 'm.typing',
      room_id,
      content: { user_ids: [...user_ids] },
    }));
    const presence = [...this.#presence].map(([sender, content]) => ({ type: 'm.presence', sender, content }));
    const all = [...typing, ...presence, ...this.#receipts.values()];
    this.#typing.clear();
    this.#presence.clear();
    this.#receipts.clear();
    return all;
  }
}
