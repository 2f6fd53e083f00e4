import type { Event } from '../../core/event.ts';
import type { EventId } from '../../core/ids.ts';

/** Each event after those of the same list that it names among its auth_events. */
export function sortedByAuth(events: readonly Event[]): Event[] {
  return sorted(events, event => event.authIds);
}

/** Each event after those of the same list that it builds on. */
export function sortedByPrevious(events: readonly Event[]): Event[] {
  return sorted(events, event => event.prevIds);
}

/** A depth-first walk without recursion: strangers decide how deep it goes. Circles are cut anywhere. */
function sorted(events: readonly Event[], before: (event: Event) => readonly EventId[]): Event[] {
  const byId = new Map(events.map(event => [event.id, event]));
  const begun = new Set<EventId>();
  const out: Event[] = [];
  for (const start of events) {
    const stack: { readonly event: Event; next: number }[] = [];
    const enter = (event: Event) => {
      if (begun.has(event.id)) return;
      begun.add(event.id);
      stack.push({ event, next: 0 });
    };
    enter(start);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const id = before(top.event)[top.next++];
      const above = id === undefined ? undefined : byId.get(id);
      if (above !== undefined) enter(above);
      else if (id === undefined) {
        out.push(top.event);
        stack.pop();
      }
    }
  }
  return out;
}
