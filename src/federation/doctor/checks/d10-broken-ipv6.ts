import type { RouteFacts } from '../facts.ts';
import type { Check, Verdict } from '../verdict.ts';
import { countText, quoted } from '../words.ts';
import { isWorking, placeText } from './reading.ts';

const EXPLAIN = `A name has addresses of both families, and one of them is dead or breaks in the middle of TLS. Servers that begin with it
stall for half a minute or report errors of something else.
Found by connecting to every address alone.
Helps: mending the family, or taking its records (AAAA) away. Copse tries both side by side and remembers which worked.`;

export const theirFamily: Check = {
  cause: 'D10',
  title: 'one family of its addresses does not work',
  scope: 'peer',
  explain: EXPLAIN,
  judge: ({ route }) =>
    route === null ? undefined : judged(route, 'stalls on the way to it; we use the other family'),
};

export const ourFamily: Check = {
  cause: 'D10',
  title: 'one family of our addresses does not work',
  scope: 'us',
  explain: EXPLAIN,
  judge: ({ us }) =>
    us.front === null ? undefined : judged(us.front.route, 'servers that begin with it reach us late or not at all'),
};

function judged({ places }: RouteFacts, effect: string): Verdict | undefined {
  for (const [dead, alive] of [
    [6, 4],
    [4, 6],
  ] as const) {
    const broken = places.filter(place => place.family === dead);
    const good = places.filter(place => place.family === alive && isWorking(place));
    const isBroken =
      broken.length > 0 && broken.every(place => place.reached === 'nothing' || place.reached === 'connect');
    if (!isBroken || good.length === 0) continue;
    return {
      confidence: 'proven',
      effect: `${effect} (${broken.length} of ${countText(places.length, 'address', 'addresses')})`,
      proof: [
        ...broken.slice(0, 3).map(place => `${placeText(place)} (IPv${dead}): ${quoted(place.error ?? 'no answer')}`),
        `${placeText(good[0]!)} (IPv${alive}) works`,
      ],
      repair: { kind: undefined, lines: [`mend IPv${dead} there, or take its records out of DNS`] },
    };
  }
  return undefined;
}
