import type { PeerFacts } from '../facts.ts';
import type { Check, Verdict } from '../verdict.ts';
import { momentText, someText } from '../words.ts';
import { firstOf, heardAt, lossText, roomsBehind } from './reading.ts';

/** What is so young may be on its way. */
const ON_ITS_WAY_MS = 10_000;

export const theyBackOff: Check = {
  cause: 'D01',
  title: 'they are backing off from us',
  scope: 'peer',
  explain: `After a server could not reach us for a while it tries more and more seldom: Synapse up to once a day or week. Our own
messages arrive there all the same, so it looks as if only that server had gone silent. A signed request of ours tells it that
we are there again; what it does not send again by itself has to be fetched, in every room that we share.
Found by asking the server what our rooms end with there: it names events of its own users that we do not have, and it has sent
us nothing since they were made.
Helps: saying hello to the server, and filling all rooms that we share with it. Copse does both.`,
  explains: ['D20'],
  judge: (peer, { takenAt }) => judged(peer, takenAt),
};

function judged(peer: PeerFacts, now: number): Verdict | undefined {
  const rooms = roomsBehind(peer);
  const heard = heardAt(peer);
  const unsent = rooms
    .flatMap(room => room.probe?.unknown ?? [])
    .filter(({ waitsSince }) => waitsSince === undefined)
    .filter(({ ts, sender }) => ts !== null && sender?.endsWith(`:${peer.server}`) && ts < now - ON_ITS_WAY_MS);
  const newest = Math.max(...unsent.map(({ ts }) => ts ?? 0));
  if (unsent.length === 0 || heard >= newest) return undefined;
  return {
    // A proxy of ours that acknowledges and loses requests looks the same from here.
    confidence: 'likely',
    since: firstOf([heard, ...unsent.map(({ ts }) => ts)]),
    effect: lossText(peer, rooms),
    proof: [
      `it has events of its own users that we lack, the newest of ${momentText(newest)}: ${someText(unsent.map(({ eventId }) => eventId))}`,
      heard === 0
        ? 'it has sent us nothing that we know of'
        : `the last that it sent us came ${momentText(heard)}, before that`,
    ],
    repair: {
      kind: 'say_hello',
      lines: ['say hello to it (a signed request) and fill all rooms that we share'],
    },
  };
}
