import type { Check } from '../verdict.ts';
import { countText, momentText, quoted, spanText } from '../words.ts';
import { heardAt, isReached } from './reading.ts';

const DAY_MS = 86_400_000;
const GONE_MS = 30 * DAY_MS;

export const gone: Check = {
  cause: 'D33',
  title: 'the server is gone',
  scope: 'peer',
  explain: `A server that has answered nobody for a month will hardly come back: its domain has expired, or its owner has stopped. Trying it
costs little, and fills logs.
Found by how long it has failed, and by its silence towards us.
Helps: nothing is needed. Copse tries once a day, and what waits for it takes one row a room.`,
  explains: ['D02', 'D12', 'D13', 'D20'],
  judge(peer, { takenAt: now }) {
    const { sending } = peer;
    const since = sending?.failingSince;
    const heard = heardAt(peer);
    if (since == null || now - since < GONE_MS || now - heard < GONE_MS || isReached(peer)) return undefined;
    return {
      since,
      confidence: peer.route === null ? 'likely' : 'proven',
      effect: `nobody there sees what is said in ${countText(peer.roomsShared, 'room')} that we share`,
      proof: [
        `it has taken nothing since ${momentText(since)} (${spanText(now - since)})`,
        `the last failure: ${quoted(sending?.reason ?? 'unknown')}`,
        ...(peer.route?.error == null ? [] : [quoted(peer.route.error)]),
      ],
    };
  },
};
