import type { Check } from '../verdict.ts';
import { countText, momentText, quoted } from '../words.ts';
import { firstOf } from './reading.ts';

const ENOUGH = 3;

export const roomNotWhole: Check = {
  cause: 'D29',
  title: 'a room that we came into does not become whole',
  scope: 'peer',
  explain: `We come into a large room with a part of its state, so that it can be used at once, and get the members behind that. A proxy that
cuts long answers off (504, 524), or a server that takes minutes, keeps it from becoming whole: not everybody is seen, and we send
to fewer servers than we should.
Found in the table of rooms that are not whole, after three tries.
Helps: it goes on trying through every server that was in the room, and what came is not fetched again. Raise the time limit of
the proxy that cuts it off; that is mostly the other server's.`,
  judge({ rooms }) {
    const open = rooms.filter(({ incomplete }) => (incomplete?.tries ?? 0) >= ENOUGH);
    if (open.length === 0) return undefined;
    return {
      confidence: 'proven',
      since: firstOf(open.map(({ incomplete }) => incomplete?.since)),
      effect: `the members of ${countText(open.length, 'room')} are not all known here`,
      proof: open
        .slice(0, 4)
        .map(
          ({ roomId, incomplete }) =>
            `${roomId}: since ${momentText(incomplete?.since ?? 0)}, ${countText(incomplete?.tries ?? 0, 'try', 'tries')}: ${quoted(incomplete?.problem ?? '')}`,
        ),
      repair: {
        kind: undefined,
        lines: ['it is tried again by itself; ask the administrators of the server what cuts answers off'],
      },
    };
  },
};
