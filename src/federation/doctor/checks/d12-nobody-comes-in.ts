import type { Check } from '../verdict.ts';
import { countText, quoted, someText } from '../words.ts';
import { placeText } from './reading.ts';

export const nobodyComesIn: Check = {
  cause: 'D12',
  title: 'from outside our address cannot be reached',
  scope: 'us',
  explain: `A firewall, a router without port forwarding or a provider that gives out no address of one's own lets nobody in, while the server
reaches itself and everybody else: it can ask, and nobody can send it anything.
Found by another Copse that looks at this server (--vantage), since from inside it cannot be seen.
Helps: letting TCP to the port of the proxy in, and forwarding it to the machine of the proxy.`,
  explains: ['D01', 'D20'],
  judge({ us }) {
    const outside = us.outside;
    const places = outside?.front?.route.places ?? [];
    if (outside === undefined || outside === null || places.length === 0) return undefined;
    if (places.some(({ reached }) => reached !== 'nothing')) return undefined;
    const ports = [...new Set(places.map(({ port }) => String(port)))];
    return {
      confidence: 'proven',
      effect: `other servers cannot send us anything: nobody comes in at ${countText(places.length, 'address', 'addresses')} of ours`,
      proof: places
        .slice(0, 4)
        .map(place => `from ${outside.vantage}, ${placeText(place)}: ${quoted(place.error ?? 'no answer')}`),
      repair: { kind: undefined, lines: [`let TCP to port ${someText(ports)} in, in the router and the firewall`] },
    };
  },
};
