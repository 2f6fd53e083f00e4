import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import type { CertificateFacts } from '../facts.ts';

/** Certificate authorities that other servers believe, in PEM. */
export type Authorities = () => readonly string[];

/** Those of Mozilla, as Node.js brings them: nearly every system takes its own from there. */
export const mozillaAuthorities: Authorities = () => rootCertificates;

const YEAR_MS = 365 * 86_400_000;
/** A board that is never brought up to date knows an authority only if it is of that age. */
const OLD_MS = 10 * YEAR_MS;
const LONGEST_CHAIN = 10;

/** A server's certificate and what it sent with it. */
export function chainSent(first: X509Certificate | undefined): X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let each = first; each !== undefined && chain.length < LONGEST_CHAIN; each = each.issuerCertificate)
    chain.push(each);
  return chain;
}

/** Who else believes a certificate: those with the list of today, and those whose list is old. */
export function believersOf(
  chain: readonly X509Certificate[],
  authorities: readonly string[],
  now: number,
): NonNullable<CertificateFacts['believers']> {
  const ends = authorities.map(pem => new X509Certificate(pem));
  const old = ends.filter(({ validFromDate }) => validFromDate.getTime() < now - OLD_MS);
  const path = pathOf(chain);
  return { today: leadsTo(path, ends), old: leadsTo(path, old), authority: nameOf(path.at(-1)?.issuer ?? '') };
}

const LONGEST_NAME = 200;

/** `distinguished`: the parts of a name, each on a line. */
function nameOf(distinguished: string): string {
  const part = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(distinguished)?.[1];
  return (part('CN') ?? part('O') ?? '?').slice(0, LONGEST_NAME);
}

/** The certificates from a server's own on, each vouched for by the next, as far as they were sent. */
function pathOf([first, ...others]: readonly X509Certificate[]): X509Certificate[] {
  const path = first === undefined ? [] : [first];
  for (let last = first; last !== undefined; ) {
    const next = others.find(each => !path.includes(each) && each.ca && vouches(each, last as X509Certificate));
    if (next !== undefined) path.push(next);
    last = next;
  }
  return path;
}

/** A list may also name a certificate itself. */
function leadsTo(path: readonly X509Certificate[], authorities: readonly X509Certificate[]): boolean {
  return path.some(each =>
    authorities.some(authority => authority.fingerprint256 === each.fingerprint256 || vouches(authority, each)),
  );
}

function vouches(authority: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}
