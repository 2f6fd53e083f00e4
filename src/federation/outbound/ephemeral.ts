import type { RoomId, UserId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';

/** All that is kept for all servers together; what comes then is dropped: it is worth nothing a minute later anyway. */
const MOST_NOTICES = 20_000;
/** Users in one `m.presence`. */
const MOST_PRESENCES = 50;

interface Notices {
  /** By room and user: `m.typing`. */
  readonly typing: Map<string, JsonObject>;
  /** By user: what `m.presence` says of them. */
  readonly presence: Map<UserId, JsonObject>;
}

/** Typing and presence for other servers, in memory: the last of each user is kept until it goes out. */
export class Ephemeral {
  readonly #byServer = new Map<number, Notices>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  addTyping(domainNids: Iterable<number>, room_id: RoomId, user_id: UserId, typing: boolean): void {
    const edu = { edu_type: 'm.typing', content: { room_id, user_id, typing } };
    for (const nid of domainNids) this.#put(this.#of(nid).typing, `${room_id} ${user_id}`, edu);
  }

  /** `content` is that of the user's presence event. */
  addPresence(domainNids: Iterable<number>, user_id: UserId, content: JsonObject): void {
    const update = { last_active_ago: 0, ...content, user_id };
    for (const nid of domainNids) this.#put(this.#of(nid).presence, user_id, update);
  }

  /** Takes what waits for a server, as up to `limit` EDUs. */
  take(domainNid: number, limit: number): JsonObject[] {
    const notices = this.#byServer.get(domainNid);
    if (notices === undefined || limit === 0) return [];
    const edus = this.#cut(notices.typing, limit);
    while (edus.length < limit && notices.presence.size > 0) {
      const push = this.#cut(notices.presence, MOST_PRESENCES);
      edus.push({ edu_type: 'm.presence', content: { push } });
    }
    if (notices.typing.size + notices.presence.size === 0) this.#byServer.delete(domainNid);
    return edus;
  }

  /** Forgets what waits for a server that does not answer. */
  drop(domainNid: number): void {
    const notices = this.#byServer.get(domainNid);
    if (notices === undefined) return;
    this.#size -= notices.typing.size + notices.presence.size;
    this.#byServer.delete(domainNid);
  }

  #of(domainNid: number): Notices {
    const notices = this.#byServer.get(domainNid) ?? { typing: new Map(), presence: new Map() };
    this.#byServer.set(domainNid, notices);
    return notices;
  }

  #put<Key>(notices: Map<Key, JsonObject>, key: Key, notice: JsonObject): void {
    if (!notices.has(key)) {
      if (this.#size >= MOST_NOTICES) return;
      this.#size++;
    }
    notices.set(key, notice);
  }

  #cut<Key>(notices: Map<Key, JsonObject>, limit: number): JsonObject[] {
    const taken = [...notices].slice(0, limit);
    for (const [key] of taken) notices.delete(key);
    this.#size -= taken.length;
    return taken.map(([, notice]) => notice);
  }
}
