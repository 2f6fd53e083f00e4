import type { CertificateFacts, RouteFacts } from '../facts.ts';
import { momentText, quoted, someText } from '../words.ts';

export const RENEW = 'renew the certificate (certbot renew) and reload the proxy';
const FULL_CHAIN = 'send the full chain: ssl_certificate .../fullchain.pem; in nginx';
const OUR_LIST = [
  'the list of authorities that this server goes by is older than that of others, or was replaced: bring Copse up to date,',
  'take --use-openssl-ca out of NODE_OPTIONS, or name a file with that authority in tls.extra_ca',
];

/** Why a certificate is not believed. */
export function distrustText(certificate: CertificateFacts, now: number): string {
  const { notBefore, notAfter, sent, distrust, believers } = certificate;
  const who = whoText(certificate);
  if (notAfter < now) return `${who} is over since ${momentText(notAfter)}`;
  if (notBefore > now) return `${who} begins only ${momentText(notBefore)}`;
  if (distrust === 'ERR_TLS_CERT_ALTNAME_INVALID') return `${who} is for another name`;
  if (!isChainCut(distrust)) return `${who}: ${distrust}`;
  const others = sent === 1 ? 'no other' : `${sent - 1} others`;
  const lists = believers === undefined ? '' : `; ${listsText(believers, 'not on ours')}`;
  return `${who} came with ${others}, and does not lead to a known authority (${distrust})${lists}`;
}

/** Who believes a certificate that we believe. */
export function believersText(certificate: CertificateFacts): string {
  const { believers } = certificate;
  return `${whoText(certificate)}${believers === undefined ? '' : `; ${listsText(believers, 'on ours')}`}`;
}

function whoText({ subject, issuer, names }: CertificateFacts): string {
  return `the certificate for ${quoted(someText(names) || subject)} by ${quoted(issuer)}`;
}

function listsText({ today, old, authority }: NonNullable<CertificateFacts['believers']>, ours: string): string {
  const of = (list: string, isOn: boolean) => `${isOn ? 'on' : 'not on'} ${list}`;
  return `above it ${quoted(authority)}: ${ours}, ${of('that of Mozilla', today)}, ${of('one of ten years ago', old)}`;
}

export function isChainCut(distrust: string | null): boolean {
  return /UNABLE_TO_(GET|VERIFY)|SELF_SIGNED/.test(distrust ?? '');
}

/** What helps against it, in lines. */
export function remedyFor({ notAfter, distrust, believers }: CertificateFacts, now: number): readonly string[] {
  if (notAfter < now) return [RENEW];
  if (isChainCut(distrust)) return remedyForChain(believers);
  return ['a certificate that is valid for the name'];
}

/** A chain that others can follow is whole. */
export function remedyForChain(believers: CertificateFacts['believers']): readonly string[] {
  return believers?.today === true ? OUR_LIST : [FULL_CHAIN];
}

/** Of a certificate that we believe: who else may not. */
export function doubtsAbout({ places }: RouteFacts): readonly string[] {
  const believed = places.flatMap(({ certificate }) => (certificate?.distrust === null ? [certificate] : []));
  const some = believed.find(({ believers }) => believers !== undefined && !(believers.today && believers.old));
  if (some?.believers === undefined) return [];
  const { today, authority } = some.believers;
  const whose = `the authority of our certificate (${quoted(authority)})`;
  return [
    today
      ? `${whose} is on no list of ten years ago: machines that are never brought up to date may not believe it`
      : `${whose} is not on the list of Mozilla: whoever was not told of it does not believe it`,
  ];
}
