import type { Event } from '../event.ts';
import type { EventId, RoomId } from '../ids.ts';
import type { Steps } from './protocol.ts';

/** The events a resolution has seen. Every event is asked for once; unknown ones stay unknown. */
export class Loaded {
  readonly #events = new Map<EventId, Event>();
  readonly #asked = new Set<EventId>();
  readonly #rejected = new Set<EventId>();
  #room: RoomId | undefined;

  /** An event by ID; undefined when it is unknown or of another room than the first one seen. */
  get(id: EventId): Event | undefined {
    return this.#events.get(id);
  }

  isRejected(id: EventId): boolean {
    return this.#rejected.has(id);
  }

  /** The event, unless it was rejected. */
  accepted(id: EventId): Event | undefined {
    return this.#rejected.has(id) ? undefined : this.#events.get(id);
  }

  /** Makes sure that these were asked for, in one Need at most. */
  *load(ids: Iterable<EventId>): Steps<void> {
    const wanted = new Set<EventId>();
    for (const id of ids) if (!this.#asked.has(id) && !this.#events.has(id)) wanted.add(id);
    if (wanted.size === 0) return;
    for (const id of wanted) this.#asked.add(id);
    const answer = yield { events: [...wanted] };
    for (const [id, event] of answer.events ?? []) this.#add(id, event);
    for (const id of answer.rejected ?? []) this.#rejected.add(id);
  }

  /** Loads events and their auth chains, level by level, and returns all of them that are known. */
  *loadChains(ids: Iterable<EventId>): Steps<Set<EventId>> {
    const reached = new Set<EventId>();
    let level = new Set(ids);
    while (level.size > 0) {
      yield* this.load(level);
      const next = new Set<EventId>();
      for (const id of level) {
        const event = this.#events.get(id);
        if (event === undefined || reached.has(id)) continue;
        reached.add(id);
        for (const auth of event.authIds) if (!reached.has(auth)) next.add(auth);
      }
      level = next;
    }
    return reached;
  }

  /** Everything that can be reached from `ids` over auth events already loaded, `ids` included. */
  chainOf(ids: Iterable<EventId>): Set<EventId> {
    const reached = new Set<EventId>();
    const stack = [...ids];
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      const event = this.#events.get(id);
      if (event === undefined || reached.has(id)) continue;
      reached.add(id);
      for (const auth of event.authIds) if (!reached.has(auth)) stack.push(auth);
    }
    return reached;
  }

  #add(id: EventId, event: Event): void {
    this.#room ??= event.roomId;
    if (event.roomId === this.#room && event.id === id) this.#events.set(id, event);
  }
}
