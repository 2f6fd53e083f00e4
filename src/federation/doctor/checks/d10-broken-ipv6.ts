import type { PlaceFacts, RouteFacts } from '../facts.ts';
import type { Check, Verdict } from '../verdict.ts';
import { bytesText, countText, quoted } from '../words.ts';
import { HAIRPIN, isSeenFromInside, isWorking, placeText, transferAnswer } from './reading.ts';

const EXPLAIN = `A name has addresses of both families, and one of them is dead, breaks in the middle of TLS, or lets little through. Servers that
begin with it stall for half a minute or report errors of something else.
Found by connecting to every address alone, and by sending a megabyte to one of each family: where neither takes it the way is slow,
and where one does the other is at fault.
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
  judge: ({ us }) => {
    if (us.front === null) return undefined;
    const { route } = us.front;
    const found = judged(route, 'servers that begin with it reach us late or not at all');
    const isSilent = route.places.some(({ reached }) => reached === 'nothing');
    if (found === undefined || !isSilent || !isSeenFromInside(us)) return found;
    return { ...found, confidence: 'likely', proof: [...found.proof, HAIRPIN] };
  },
};

const OPPOSITES = [
  [6, 4],
  [4, 6],
] as const;

function judged({ places }: RouteFacts, effect: string): Verdict | undefined {
  for (const [dead, alive] of OPPOSITES) {
    const these = places.filter(place => place.family === dead);
    const broken = these.length > 0 && these.every(isBroken) ? these : these.filter(isStalling);
    const good = places.find(place => place.family === alive && isWorking(place) && !isStalling(place));
    if (broken.length === 0 || good === undefined) continue;
    return {
      confidence: broken.every(isBroken) ? 'proven' : 'likely',
      effect: `${effect} (${broken.length} of ${countText(places.length, 'address', 'addresses')})`,
      proof: [
        ...broken.slice(0, 3).map(place => `${placeText(place)} (IPv${dead}): ${howFar(place)}`),
        `${placeText(good)} (IPv${alive}) works${takenText(good)}`,
      ],
      repair: { kind: undefined, lines: [`mend IPv${dead} there, or take its records out of DNS`] },
    };
  }
  return undefined;
}

/** No answer at all, with TLS or without. */
function isBroken({ reached }: PlaceFacts): boolean {
  return reached === 'nothing' || reached === 'connect' || reached === 'tls';
}

/** Takes what is small, and no megabyte. */
function isStalling(place: PlaceFacts): boolean {
  return transferAnswer(place)?.status === null;
}

const UNTIL: Readonly<Record<PlaceFacts['reached'], string>> = {
  policy: 'not tried',
  nothing: 'no connection',
  connect: 'a connection, and no TLS',
  tls: 'TLS, and no answer',
  http: 'answers what is small',
};

function howFar(place: PlaceFacts): string {
  const transfer = transferAnswer(place);
  const what =
    transfer === undefined
      ? UNTIL[place.reached]
      : `${UNTIL[place.reached]}, and ${bytesText(transfer.sent)} do not pass`;
  return `${what} (${quoted(transfer?.error ?? place.error ?? 'no answer')})`;
}

function takenText(place: PlaceFacts): string {
  const transfer = transferAnswer(place);
  return transfer === undefined ? '' : `, and answers ${bytesText(transfer.sent)} with ${transfer.status ?? 'nothing'}`;
}
