import type { Check } from '../verdict.ts';
import { countText, momentText, quoted } from '../words.ts';
import { firstOf, statusIn } from './reading.ts';

export const poisoned: Check = {
  cause: 'D04',
  title: 'one item makes the server refuse what we send',
  scope: 'peer',
  explain: `One malformed event, device key or message makes the other server answer an error to the whole transaction, for ever.
Found by halving: Copse sends less and less until one item is left, and checks that an empty transaction is taken.
Helps: that item is set aside and everything behind it goes on. The item itself does not arrive there.`,
  judge(peer) {
    const aside = (peer.sending?.setAside ?? []).filter(
      ({ reason }) => ![413, 520, 524].includes(statusIn(reason) ?? 0),
    );
    if (aside.length === 0) return undefined;
    return {
      confidence: 'proven',
      since: firstOf(aside.map(({ at }) => at)),
      effect: `${countText(aside.length, 'item')} of ours did not arrive there, and everything behind has gone on`,
      proof: aside
        .slice(0, 5)
        .map(
          ({ at, kind, eventId, reason }) =>
            `${momentText(at)} ${kind}${eventId === null ? '' : ` ${eventId}`}: ${quoted(reason)}`,
        ),
      repair: { kind: undefined, lines: ['set aside already; everything behind it has gone on'] },
    };
  },
};
