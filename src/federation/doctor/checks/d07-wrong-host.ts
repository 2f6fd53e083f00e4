import type { Facts, OwnFacts, PlaceFacts } from '../facts.ts';
import type { Check, Verdict } from '../verdict.ts';
import { countText, quoted, someText } from '../words.ts';
import { type ProxyLines, proxyRepair, upstreamOf } from './proxy-lines.ts';
import { HAIRPIN, isMatrixAnswer, isSeenFromInside, isUs, placeText } from './reading.ts';

export const wrongHost: Check = {
  cause: 'D07',
  title: 'what answers under our name is not this server',
  scope: 'us',
  explain: `Other servers connect to the address that our name leads to, with the delegated host in SNI and Host. When the proxy has no
virtual host for it, another site answers: a page, 404, or the certificate of somebody else.
Found by finding our own name the way others do, and asking every address on every port.
Helps: a virtual host for the delegated name, with its certificate, that passes /_matrix on; or a .well-known that names the
host where it works.`,
  explains: ['D01', 'D20'],
  judge: facts => judged(facts),
};

function judged({ us }: Facts): Verdict | undefined {
  const { front } = us;
  if (front === null) return undefined;
  const { places } = front.route;
  const wrong = places.filter(isSomethingElse);
  const isForeign = front.keys.published !== null && !front.keys.published.some(key => key.id === us.signingKey);
  if (wrong.length === 0 && !isForeign) return undefined;
  // Where some of it is this server, the rest may be the page of a router.
  const isDoubtful = isSeenFromInside(us) && wrong.length < places.length && isUs(us);
  return {
    confidence: isDoubtful ? 'likely' : 'proven',
    effect: `other servers cannot reach us at ${isForeign ? places.length : wrong.length} of ${countText(places.length, 'address', 'addresses')}`,
    proof: [
      `${us.server} leads to ${front.route.certName ?? '?'} (step ${front.route.step ?? '?'})`,
      ...wrong.slice(0, 4).map(whatAnswers),
      ...(isForeign
        ? [`the keys published there are not ours: ${someText(front.keys.published?.map(key => key.id) ?? [])}`]
        : []),
      ...(isDoubtful ? [HAIRPIN] : []),
    ],
    repair: proxyRepair(us, linesFor(us, front.route.certName ?? us.server)),
  };
}

function linesFor(us: OwnFacts, name: string): ProxyLines {
  const [to, both] = [upstreamOf(us), ['/_matrix', '/.well-known/matrix'] as const];
  return {
    nginx: [
      `server { server_name ${name};   # with its certificate`,
      ...both.map(path => `  location ${path} { proxy_pass ${to}; }`),
      '}',
    ],
    apache: [
      `<VirtualHost *:443>   # ServerName ${name}, with its certificate`,
      ...both.map(path => `  ProxyPass "${path}" "${to}${path}" nocanon`),
      '  AllowEncodedSlashes NoDecode',
      '</VirtualHost>',
    ],
    caddy: [`${name} {`, ...both.map(path => `  reverse_proxy ${path}/* ${to}`), '}'],
  };
}

function isSomethingElse(place: PlaceFacts): boolean {
  if (place.certificate?.distrust === 'ERR_TLS_CERT_ALTNAME_INVALID') return true;
  return (
    place.reached === 'http' &&
    place.answers.length > 0 &&
    !place.answers.some(answer => isMatrixAnswer(answer) || answer.isJson)
  );
}

function whatAnswers(place: PlaceFacts): string {
  const { certificate, answers } = place;
  if (certificate?.distrust === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `${placeText(place)} shows a certificate for ${quoted(someText(certificate.names))}`;
  const [answer] = answers;
  return `${placeText(place)} answers ${answer?.request ?? 'requests'} with ${answer?.status ?? 'nothing'}, and no Matrix server does`;
}
