import type { CertificateFacts, OwnFacts, RouteFacts } from '../facts.ts';
import type { Check, Verdict } from '../verdict.ts';
import { countText, momentText, quoted, someText } from '../words.ts';
import { certificateErrorIn, firstOf, placeText } from './reading.ts';

const EXPLAIN = `Servers check the certificate of whom they talk to. One that is over, or sent without the certificates between it and a known
authority, works in browsers (which fill the gap) and with lenient servers, and not with the others.
Found by a TLS handshake with every address, and looking at what was sent.
Helps: renewing it; sending the full chain (fullchain.pem instead of cert.pem in nginx).`;

export const theirCertificate: Check = {
  cause: 'D13',
  title: 'their certificate cannot be believed',
  scope: 'peer',
  explain: EXPLAIN,
  explains: ['D02', 'D33'],
  judge: ({ route, server }, { takenAt }) =>
    route === null ? undefined : judged(route, takenAt, [`tell the administrators of ${server}`]),
};

export const ourCertificate: Check = {
  cause: 'D13',
  title: 'our certificate cannot be believed',
  scope: 'us',
  explain: EXPLAIN,
  explains: ['D01', 'D20'],
  judge: ({ us, takenAt }) =>
    us.front === null ? undefined : withFront(us, judged(us.front.route, takenAt, []) ?? ofWellKnown(us.front.route)),
};

/** A front that Copse has made sends the whole chain, and takes a renewed one up. */
function withFront({ madeFront }: OwnFacts, verdict: Verdict | undefined): Verdict | undefined {
  if (verdict === undefined || madeFront == null) return verdict;
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
    repair: { kind: undefined, lines: [isChainCut(code) ? FULL_CHAIN : RENEW] },
  };
}

/** Another site's certificate is another matter: D07. */
const OF_OTHERS = 'ERR_TLS_CERT_ALTNAME_INVALID';

const RENEW = 'renew the certificate (certbot renew) and reload the proxy';
const FULL_CHAIN = 'send the full chain: ssl_certificate .../fullchain.pem; in nginx';

function judged(route: RouteFacts, now: number, ask: readonly string[]): Verdict | undefined {
  const bad = route.places.flatMap(place => {
    const { certificate } = place;
    return certificate?.distrust == null || (certificate.distrust === OF_OTHERS && ask.length === 0)
      ? []
      : [{ place, certificate }];
  });
  const [first] = bad;
  if (first === undefined) return undefined;
  return {
    confidence: 'proven',
    since: firstOf(bad.map(({ certificate: { notAfter } }) => (notAfter < now ? notAfter : undefined))),
    effect: `${ask.length > 0 ? 'we cannot talk to it' : 'strict servers cannot talk to us'} at ${bad.length} of ${countText(route.places.length, 'address', 'addresses')}`,
    proof: bad.slice(0, 3).map(({ place, certificate }) => `${placeText(place)}: ${distrustText(certificate, now)}`),
    repair: { kind: undefined, lines: [...ask, remedy(first.certificate, now)] },
  };
}

function distrustText(
  { subject, issuer, names, notBefore, notAfter, sent, distrust }: CertificateFacts,
  now: number,
): string {
  const who = `the certificate for ${quoted(someText(names) || subject)} by ${quoted(issuer)}`;
  if (notAfter < now) return `${who} is over since ${momentText(notAfter)}`;
  if (notBefore > now) return `${who} begins only ${momentText(notBefore)}`;
  if (distrust === OF_OTHERS) return `${who} is for another name`;
  if (isChainCut(distrust))
    return `${who} came with ${sent === 1 ? 'no other' : `${sent - 1} others`}, and does not lead to a known authority (${distrust})`;
  return `${who}: ${distrust}`;
}

function isChainCut(distrust: string | null): boolean {
  return /UNABLE_TO_(GET|VERIFY)|SELF_SIGNED/.test(distrust ?? '');
}

function remedy({ notAfter, distrust }: CertificateFacts, now: number): string {
  if (notAfter < now) return RENEW;
  if (isChainCut(distrust)) return FULL_CHAIN;
  return 'a certificate that is valid for the name';
}
