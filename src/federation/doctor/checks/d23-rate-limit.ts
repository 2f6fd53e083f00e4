import type { Check } from '../verdict.ts';
import { momentText, quoted } from '../words.ts';
import { statusIn, waitingText } from './reading.ts';

export const rateLimit: Check = {
  cause: 'D23',
  title: 'it limits how much we may send',
  scope: 'peer',
  explain: `The other server answers 429: we send or ask more than it allows. What is left waits until it says.
Found by its answers to what we sent, and to the questions of the doctor.
Helps: patience. Copse waits as long as it is told to. If it lasts, the other administrators can allow more.`,
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
