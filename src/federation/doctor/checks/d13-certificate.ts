import type { CertificateFacts, Facts, OwnFacts, PlaceFacts, RouteFacts } from '../facts.ts';
import type { Check, Verdict } from '../verdict.ts';
import { countText, quoted } from '../words.ts';
import { believersText, distrustText, isChainCut, RENEW, remedyFor, remedyForChain } from './certificate-words.ts';
import { certificateErrorIn, examined, firstOf, placeText } from './reading.ts';

const EXPLAIN = `Servers check the certificate of whom they talk to. One that is over, or sent without the certificates between it and a known
authority, works in browsers (which fill the gap) and with lenient servers, and not with the others.
Found by a TLS handshake with every address, and by looking for an authority above what was sent on three lists: the one that this
server goes by (Node.js, the system, tls.extra_ca), that of Mozilla as it is today, and what was on that ten years ago and still is.
Whom all three believe is believed everywhere; whom ours alone lacks has an authority that is new to us; whom ours alone believes is
believed by nobody who was not told to.
Helps: renewing it; sending the full chain (fullchain.pem instead of cert.pem in nginx); a certificate of a public authority; where our
list is the old one, a newer Copse.`;

export const theirCertificate: Check = {
  cause: 'D13',
  title: 'their certificate cannot be believed',
  scope: 'peer',
  explain: EXPLAIN,
  explains: ['D02', 'D33'],
  judge: (peer, facts) => {
    const { route, server, rooms } = peer;
    if (route === null) return undefined;
    const ask = [`tell the administrators of ${server}`];
    const shared = rooms.filter(({ otherServers = 0 }) => otherServers > 0);
    const known = () => (isPublic(facts.us.front?.route) && shared.length > 0 ? believedByUs(route) : undefined);
    return (
      judged(route, facts.takenAt, ask) ??
      privately(known(), ask, `other servers in ${countText(shared.length, 'room')} that we share cannot talk to it`)
    );
  },
};

export const ourCertificate: Check = {
  cause: 'D13',
  title: 'our certificate cannot be believed',
  scope: 'us',
  explain: EXPLAIN,
  explains: ['D01', 'D20'],
  judge: facts => {
    const { us, takenAt } = facts;
    if (us.front === null) return undefined;
    const { route } = us.front;
    const found = judged(route, takenAt, []) ?? ofWellKnown(route);
    if (found !== undefined) return withFront(us, found);
    const known = hasPublicPeer(facts) ? believedByUs(route) : undefined;
    return privately(known, [], 'servers that were not told of that authority cannot talk to us');
  },
};

/** A front that Copse has made sends the whole chain, and takes a renewed one up. */
export function withFront({ madeFront }: OwnFacts, verdict: Verdict): Verdict {
  if (madeFront == null) return verdict;
  const lines = [
    `make ${madeFront.file} anew as it should be, and have ${madeFront.program} take it up`,
    ...(verdict.repair?.lines ?? []),
  ];
  return { ...verdict, repair: { kind: 'renew_front', lines } };
}

/** Where the .well-known cannot be had for its certificate, no address is known whose own could be looked at. */
function ofWellKnown({ lookups }: RouteFacts): Verdict | undefined {
  const asked = lookups.find(each => each.what === 'well-known');
  const code = certificateErrorIn(asked?.error ?? null);
  if (asked === undefined || code === undefined) return undefined;
  return {
    confidence: 'proven',
    effect: 'strict servers cannot talk to us',
    proof: [`${quoted(asked.urls.join(' -> '), 300)}: ${quoted(asked.error ?? '', 300)}`],
    repair: { kind: undefined, lines: isChainCut(code) ? remedyForChain(undefined) : [RENEW] },
  };
}

/** Another site's certificate is another matter: D07. */
const OF_OTHERS = 'ERR_TLS_CERT_ALTNAME_INVALID';

interface Shown {
  readonly place: PlaceFacts;
  readonly certificate: CertificateFacts;
}

function shownOn({ places }: RouteFacts, isMeant: (certificate: CertificateFacts) => boolean): readonly Shown[] {
  return places.flatMap(place => {
    const { certificate } = place;
    return certificate !== null && isMeant(certificate) ? [{ place, certificate }] : [];
  });
}

function judged(route: RouteFacts, now: number, ask: readonly string[]): Verdict | undefined {
  const isTheirs = ask.length > 0;
  const bad = shownOn(route, ({ distrust }) => distrust !== null && (distrust !== OF_OTHERS || isTheirs));
  const [first] = bad;
  if (first === undefined) return undefined;
  const isOurList = isChainCut(first.certificate.distrust) && first.certificate.believers?.today === true;
  const unreachable = isTheirs ? 'it' : 'servers with certificates of that authority';
  const effect = isTheirs || isOurList ? `we cannot talk to ${unreachable}` : 'strict servers cannot talk to us';
  return {
    confidence: 'proven',
    since: firstOf(bad.map(({ certificate: { notAfter } }) => (notAfter < now ? notAfter : undefined))),
    effect: `${effect} at ${bad.length} of ${countText(route.places.length, 'address', 'addresses')}`,
    proof: bad.slice(0, 3).map(({ place, certificate }) => `${placeText(place)}: ${distrustText(certificate, now)}`),
    repair: { kind: undefined, lines: [...(isOurList ? [] : ask), ...remedyFor(first.certificate, now)] },
  };
}

/** What our own list lets through and that of others does not. */
function believedByUs(route: RouteFacts): Shown | undefined {
  return shownOn(route, ({ distrust, believers }) => distrust === null && believers?.today === false)[0];
}

/** Where all believe each other and nobody else does, it is meant. */
function privately(shown: Shown | undefined, ask: readonly string[], effect: string): Verdict | undefined {
  if (shown === undefined) return undefined;
  return {
    confidence: 'likely',
    effect,
    proof: [`${placeText(shown.place)}: ${believersText(shown.certificate)}`],
    repair: { kind: undefined, lines: [...ask, 'have a certificate of a public authority there'] },
  };
}

function isPublic(route: RouteFacts | undefined): boolean {
  return route?.places.some(({ certificate }) => certificate?.believers?.today === true) === true;
}

function hasPublicPeer(facts: Facts): boolean {
  return examined(facts).some(({ route }) => isPublic(route ?? undefined));
}
