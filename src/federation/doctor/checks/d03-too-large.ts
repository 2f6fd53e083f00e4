import type { Check } from '../verdict.ts';
import { bytesText, countText, quoted } from '../words.ts';
import { firstOf, statusIn } from './reading.ts';

/** What a proxy or a CDN in front says of requests that are too large, or that its server did not survive. */
const SIZE = new Set([413, 520, 524]);
const LARGE_EDU = 64 * 1024;

export const tooLarge: Check = {
  cause: 'D03',
  title: 'what waits for it is too large for it or its proxy',
  scope: 'peer',
  explain: `Messages to devices have no bound in the specification; encrypted rooms make some of half a megabyte. A proxy or CDN in
front of the other server refuses the transaction (413, 520), and everything behind it waits.
Found by the status of the refusals and the sizes in our queue.
Helps: smaller transactions. Copse halves a refused one by itself, down to the one item that cannot be sent, which it sets aside.`,
  judge(peer) {
    const { sending } = peer;
    if (sending === null) return undefined;
    const aside = sending.setAside.filter(({ reason }) => SIZE.has(statusIn(reason) ?? 0));
    const isRefused = SIZE.has(statusIn(sending.reason) ?? 0) && sending.largestEdu >= LARGE_EDU;
    if (aside.length === 0 && !isRefused) return undefined;
    return {
      confidence: 'proven',
      since: firstOf([isRefused ? sending.failingSince : null, ...aside.map(({ at }) => at)]),
      effect: `${countText(aside.length, 'item')} could not be sent to it; ${countText(sending.edus, 'message to devices', 'messages to devices')} wait`,
      proof: [
        ...(isRefused ? [`it refuses what it is sent: ${quoted(sending.reason ?? '')}`] : []),
        ...(sending.edus > 0
          ? [
              `the largest message that waits has ${bytesText(sending.largestEdu)}, all together ${bytesText(sending.eduBytes)}`,
            ]
          : []),
        ...aside
          .slice(0, 3)
          .map(({ kind, bytes, reason }) => `set aside: ${kind} of ${bytesText(bytes)}: ${quoted(reason)}`),
      ],
      repair: {
        kind: undefined,
        lines: [
          `ask the administrators of ${peer.server} to take requests of 12 MB in their proxy (nginx: client_max_body_size 50m;)`,
        ],
      },
    };
  },
};
