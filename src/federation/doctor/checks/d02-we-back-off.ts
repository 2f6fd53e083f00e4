import type { Check } from '../verdict.ts';
import { countText, momentText, quoted, spanText } from '../words.ts';
import { isReached, statusIn } from './reading.ts';

/** A wait that nobody notices. */
const SHORT_MS = 60_000;

export const weBackOff: Check = {
  cause: 'D02',
  title: 'we are backing off from a server that works again',
  scope: 'peer',
  explain: `A server that did not answer is tried again after longer and longer waits. When it comes back meanwhile and has nothing to
say to us, it waits for our messages until that time comes.
Found by comparing: our next try is far away, and the server answers now.
Helps: trying at once. Copse does it.`,
  judge(peer, { takenAt: now }) {
    const { sending } = peer;
    if (sending?.retryAt == null || sending.retryAt < now + SHORT_MS || !isReached(peer)) return undefined;
    // It answers, and refuses what it is sent: another matter.
    if (statusIn(sending.reason) !== undefined) return undefined;
    return {
      confidence: 'proven',
      since: sending.failingSince ?? undefined,
      effect: `${countText(sending.rooms, 'room')} of ours and ${countText(sending.edus, 'message to devices', 'messages to devices')} wait for it, for another ${spanText(sending.retryAt - now)}`,
      proof: [
        `the next try is ${momentText(sending.retryAt)}, after ${countText(sending.tries, 'failure')} since ${momentText(sending.failingSince ?? now)}`,
        `the last failure: ${quoted(sending.reason ?? 'unknown')}`,
        'it answers now',
      ],
      repair: { kind: 'retry_now', lines: ['try again now'] },
    };
  },
};
