import type { AnswerFacts, PlaceFacts } from '../facts.ts';
import type { Check } from '../verdict.ts';
import { bytesText, quoted } from '../words.ts';
import { largeAnswer, placeText } from './reading.ts';

export const largeStalls: Check = {
  cause: 'D11',
  title: 'small requests pass and large ones stall on the way',
  scope: 'peer',
  explain: `On a way through a tunnel (VPN, PPPoE, WireGuard) that takes only smaller packets, and where the message that says so is
filtered, small requests pass and large ones are never acknowledged: a black hole.
Found by sending a few bytes and then 64 KiB to the same address. Where the packets are so small that the first message of TLS does not
pass (it has 1.5 KB with current keys), by beginning with a smaller one.
Helps: clamping the segment size: iptables -t mangle -A POSTROUTING -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu`,
  explains: ['D02', 'D33'],
  judge({ route }) {
    const places = route?.places ?? [];
    for (const place of places) {
      const stalled = stalledRequest(place);
      if (stalled === undefined && place.smallHello !== true) continue;
      return {
        confidence: place.smallHello === true ? 'proven' : 'likely',
        effect: 'large transactions, joins and history do not pass',
        proof:
          stalled === undefined
            ? [
                `${placeText(place)} takes a connection, and does not answer when TLS begins: ${quoted(place.error ?? '')}`,
                'it answers when the first message of TLS is small',
              ]
            : [
                `${placeText(place)} answers small requests`,
                `${bytesText(stalled.sent)} to it: ${quoted(stalled.error ?? 'no answer')}`,
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

function stalledRequest(place: PlaceFacts): AnswerFacts | undefined {
  const large = largeAnswer(place);
  return large?.status === null ? large : undefined;
}
