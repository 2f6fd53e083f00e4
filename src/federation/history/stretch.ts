import type { Event } from '../../core/event.ts';
import type { EventId } from '../../core/ids.ts';
import type { CheckedEvent } from '../events/checked-events.ts';
import { sortedByPrevious } from '../gaps/event-order.ts';

/** What another server gave of the history below an edge, as far as it hangs together with it. */
export interface Stretch {
  /** What can be taken in, each after those that it builds on. */
  readonly events: readonly Event[];
  /**
   * What cannot be checked now, since a key is missing. That it belongs there is known all the same where events are
   * named by their hash, so the way goes on behind it.
   */
  readonly aside: readonly Event[];
}

export interface StretchLimits {
  /** Events with their place here: the way ends where it comes to one. */
  readonly placed: { readonly has: (id: EventId) => boolean };
  readonly most: number;
}

/** Of what a server gave those events that the events of an edge lead to; all else has no business here. */
export function stretchBelow(
  edge: readonly EventId[],
  given: readonly CheckedEvent[],
  { placed, most }: StretchLimits,
): Stretch {
  const byId = new Map(given.flatMap(each => (each.outcome === 'refused' ? [] : [[each.event.id, each] as const])));
  const reached = new Set<EventId>();
  let level = [...edge];
  while (level.length > 0) {
    const next: EventId[] = [];
    for (const id of level) {
      const found = byId.get(id);
      if (found === undefined || reached.has(id) || (placed.has(id) && !edge.includes(id))) continue;
      const isPassed = found.outcome === 'unverified' && found.event.version.eventIds === 'chosen';
      reached.add(id);
      if (!isPassed && !placed.has(id)) next.push(...found.event.prevIds);
    }
    level = next;
  }
  const found = [...reached].map(id => byId.get(id)!);
  const good = found.flatMap(each => (each.outcome === 'good' ? [each.event] : []));
  const newest = good.sort(byTime).slice(-most);
  return {
    events: sortedByPrevious(newest),
    aside: found.flatMap(each => (each.outcome === 'unverified' ? [each.event] : [])),
  };
}

/** As they are shown; what builds on another comes after it all the same. */
function byTime(a: Event, b: Event): number {
  return a.depth - b.depth || a.ts - b.ts;
}
