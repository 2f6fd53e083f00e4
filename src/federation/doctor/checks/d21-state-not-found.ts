import type { Check } from '../verdict.ts';
import { countText, quoted, spanText } from '../words.ts';
import { firstOf, statusIn } from './reading.ts';

const NOT_FOUND = 404;
/** How the inbox begins to say why such an event waits. */
const BUILDS_ON = /^what \S+ builds on cannot be had: /;

export const stateNotFound: Check = {
  cause: 'D21',
  title: 'it sends events whose place in the room it does not know itself',
  scope: 'peer',
  explain: `A server can have an event without its place in the room: it was given it as part of a state. Asked what lies before such an
event it answers 404, to /state_ids as to all else, and whoever takes transactions as a whole refuses that one for ever, with
everything in it. Here each event waits alone, and the other rooms go on.
Found by counting how often each event was tried, and what the answer was.
Helps: going back event by event (/event), and asking the other servers of the room. Copse does both, again and again; the doctor has it
done at once.`,
  explains: ['D20', 'D22'],
  judge({ receiving }, { takenAt: now }) {
    const stuck = (receiving?.stuck ?? []).filter(
      ({ reason }) => BUILDS_ON.test(reason) && statusIn(reason) === NOT_FOUND,
    );
    if (stuck.length === 0) return undefined;
    const rooms = new Set(stuck.map(({ roomId }) => roomId)).size;
    return {
      confidence: 'proven',
      since: firstOf(stuck.map(({ since }) => since)),
      effect: `${countText(stuck.length, 'event')} of it in ${countText(rooms, 'room')} ${stuck.length === 1 ? 'is' : 'are'} not shown; other rooms go on`,
      proof: stuck
        .slice(0, 4)
        .map(
          ({ roomId, eventId, tries, since, reason }) =>
            `${quoted(eventId)} in ${quoted(roomId)}: ${countText(tries, 'try', 'tries')} in ${spanText(now - since)}: ${quoted(reason)}`,
        ),
      repair: { kind: 'fill_rooms', lines: ['go back event by event, through every server of the room'] },
    };
  },
};
