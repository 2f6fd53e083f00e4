import type { PeerFacts } from '../facts.ts';
import type { Check } from '../verdict.ts';
import { countText, quoted, someText } from '../words.ts';
import { examined } from './reading.ts';

const ENOUGH = 2;

export const resolverDead: Check = {
  cause: 'D30',
  title: 'our DNS resolver does not answer',
  scope: 'us',
  explain: `Every request to another server begins with DNS. A resolver that is dead, slow, or refuses names for their DNSSEC makes all of them
look dead at once.
Found by asking it for the names of several servers, which it says nothing about.
Helps: a second name server in /etc/resolv.conf; a resolver of one's own (unbound).`,
  explains: ['D02', 'D08', 'D09', 'D12', 'D33'],
  judge(facts) {
    const asked = examined(facts).filter(peer => (peer.route?.lookups.length ?? 0) > 0);
    const silent = asked.filter(isSilent);
    if (silent.length < ENOUGH || silent.length < asked.length) return undefined;
    return {
      confidence: 'proven',
      effect: `no other server can be found (${silent.length} of ${asked.length} that were tried)`,
      proof: [
        `DNS said nothing about ${countText(silent.length, 'server')}: ${someText(silent.map(({ server }) => server))}`,
        quoted(silent[0]?.route?.error ?? ''),
      ],
      repair: {
        kind: undefined,
        lines: ['check the name servers: cat /etc/resolv.conf; dig @ADDRESS matrix.org', 'put a second one there'],
      },
    };
  },
};

function isSilent({ route }: PeerFacts): boolean {
  const looked = route?.lookups.filter(each => each.what === 'addresses') ?? [];
  return looked.length > 0 && looked.every(each => each.error?.includes('did not answer') === true);
}
