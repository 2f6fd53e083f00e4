import type { Check } from '../verdict.ts';
import { countText, momentText, quoted } from '../words.ts';
import { statusIn, waitingText } from './reading.ts';

const EXPLAIN = `One answers the other with 429: it sends or asks more than that allows. What is left waits until it says.
The other server to us: found by its answers to what we sent, and to the questions of the doctor. Copse waits as long as it is told
to; if it lasts, its administrators can allow more.
We to the other server: too many of its events wait to be taken in, or it asks for too much at once. Found by what we answered
within the last hour. Helps: a higher limit for servers that we share rooms with. It is doubled for six hours, up to eight
times and for twenty servers at a time, where nothing speaks against it: most of what waits can be taken in, and few of its events are
against the rules.`;

/** Answers from before that are over. */
const RECENT_MS = 3_600_000;

export const ourLimit: Check = {
  cause: 'D23',
  title: 'we limit how much it may send or ask',
  scope: 'peer',
  explain: EXPLAIN,
  // Who is told to come later does, and what it has is missing here until then.
  explains: ['D01', 'D20'],
  judge({ receiving, roomsShared }, { takenAt }) {
    const limited = receiving?.limited;
    if (limited == null || roomsShared === 0) return undefined;
    const { times, since, at, raisedAt, mayWait, hindrance } = limited;
    if (at < takenAt - RECENT_MS || at < raisedAt) return undefined;
    return {
      confidence: 'proven',
      since,
      effect: `what it sends arrives late: it was told to come later ${countText(times, 'time')} at least`,
      proof: [
        `answered 429 last ${momentText(at)}`,
        `${countText(receiving?.waiting ?? 0, 'event')} of it wait here, and ${mayWait} may`,
      ],
      repair:
        hindrance === null
          ? { kind: 'raise_limit', lines: ['double our limits for it for six hours'] }
          : { kind: undefined, lines: [`our limits for it are not raised: ${hindrance}`] },
    };
  },
};

export const rateLimit: Check = {
  cause: 'D23',
  title: 'it limits how much we may send',
  scope: 'peer',
  explain: EXPLAIN,
  judge({ sending, route, rooms, server }) {
    const isRefused = statusIn(sending?.reason ?? null) === 429;
    const asked = route?.places.flatMap(place => place.answers).filter(({ status }) => status === 429) ?? [];
    const probes = rooms.filter(({ probe }) => probe?.status === 429);
    if (!isRefused && asked.length === 0 && probes.length === 0) return undefined;
    return {
      confidence: 'proven',
      since: isRefused ? (sending?.failingSince ?? undefined) : undefined,
      effect: `what we send to it arrives late: ${waitingText(sending)}`,
      proof: [
        ...(isRefused ? [`what we sent last: ${quoted(sending?.reason ?? '')}`] : []),
        ...(sending?.retryAt == null ? [] : [`we send again ${momentText(sending.retryAt)}`]),
        ...asked.slice(0, 1).map(({ request }) => `${request}: 429`),
        ...probes.slice(0, 1).map(({ roomId }) => `what ${roomId} ends with: 429`),
      ],
      repair: {
        kind: undefined,
        lines: [`nothing to do; if it lasts, ask the administrators of ${server} to raise rc_federation for us`],
      },
    };
  },
};
