import type { Check } from '../verdict.ts';
import { bytesText, quoted } from '../words.ts';
import { isWorking, placeText } from './reading.ts';

const LARGE = 16 * 1024;

export const largeStalls: Check = {
  cause: 'D11',
  title: 'small requests pass and large ones stall on the way',
  scope: 'peer',
  explain: `On a way through a tunnel (VPN, PPPoE, WireGuard) that takes only smaller packets, and where the message that says so is
filtered, small requests pass and large ones are never acknowledged: a black hole.
Found by sending a few bytes and then 64 KiB to the same address.
Helps: clamping the segment size: iptables -t mangle -A POSTROUTING -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu`,
  judge({ route }) {
    for (const place of route?.places.filter(isWorking) ?? []) {
      const large = place.answers.find(answer => answer.sent >= LARGE);
      if (large === undefined || large.status !== null) continue;
      return {
        confidence: 'likely',
        effect: 'large transactions, joins and history do not pass',
        proof: [
          `${placeText(place)} answers small requests`,
          `${bytesText(large.sent)} to it: ${quoted(large.error ?? 'no answer')}`,
        ],
        repair: {
          kind: undefined,
          lines: [
            'on the router or this machine:',
            '  iptables -t mangle -A POSTROUTING -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu',
          ],
        },
      };
    }
    return undefined;
  },
};
