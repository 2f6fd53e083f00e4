import type { PlaceFacts } from '../facts.ts';
import type { Check } from '../verdict.ts';
import { countText, someText } from '../words.ts';
import { examined } from './reading.ts';

/** So many servers that do not know each other are not all down. */
const ENOUGH = 3;

export const portBlocked: Check = {
  cause: 'D12',
  title: 'a port is blocked on our side',
  scope: 'us',
  explain: `A firewall between us and the world lets web ports through and drops 8448, or the ports that a CDN uses. All servers on that
port time out at once, and all others work.
Found by sorting the connections to many servers by port.
Helps: letting TCP to any port out, at least 443 and 8448.`,
  explains: ['D02', 'D33'],
  judge(facts) {
    const places = examined(facts).flatMap(
      peer => peer.route?.places.map(place => ({ place, server: peer.server })) ?? [],
    );
    for (const [port, these] of Map.groupBy(places, ({ place }) => place.port)) {
      const servers = [...new Set(these.map(({ server }) => server))];
      if (servers.length < ENOUGH || !these.every(({ place }) => timesOut(place))) continue;
      const others = places.filter(({ place }) => place.port !== port && place.reached === 'http');
      return {
        confidence: others.length > 0 ? 'proven' : 'likely',
        effect: `no server on port ${port} can be reached (${servers.length} of ${servers.length} that were tried)`,
        proof: [
          `no connection to port ${port} of ${countText(servers.length, 'server')}: ${someText(servers)}`,
          others.length > 0
            ? `other ports work: ${someText([...new Set(others.map(each => `${each.server} on ${each.place.port}`))])}`
            : 'no other port was tried',
        ],
        repair: {
          kind: undefined,
          lines: [
            `let TCP to port ${port} out in the firewall of this machine or its network, for example:`,
            `  nft add rule inet filter output tcp dport ${port} accept`,
          ],
        },
      };
    }
    return undefined;
  },
};

function timesOut({ reached }: PlaceFacts): boolean {
  return reached === 'nothing';
}
