import type { Check } from '../verdict.ts';
import { countText, quoted, spanText } from '../words.ts';
import { firstOf, waitsTooLong } from './reading.ts';

export const roomHoldsUp: Check = {
  cause: 'D22',
  title: 'events that came wait to be taken in',
  scope: 'peer',
  explain: `Events wait because they build on others that are missing, or for a key; or because one room takes so much work. Rooms are drained
side by side, so that one does not hold up the others.
Found by the age of what lies in the inbox, for each room.
Helps: filling the room; looking at its state events when it goes on.`,
  judge({ receiving }, { takenAt: now }) {
    const late = receiving?.waitingRooms.filter(({ since }) => waitsTooLong(since, now)) ?? [];
    const [worst] = late;
    if (worst === undefined) return undefined;
    return {
      confidence: 'proven',
      since: firstOf(late.map(({ since }) => since)),
      effect: `${countText(receiving?.waiting ?? 0, 'event')} of it came, not shown yet`,
      proof: late
        .slice(0, 4)
        .map(
          ({ roomId, events, since }) =>
            `${quoted(roomId)}: ${countText(events, 'event')}, the first for ${spanText(now - since)}`,
        ),
      repair: { kind: 'fill_rooms', lines: ['fetch what they wait for'] },
    };
  },
};
