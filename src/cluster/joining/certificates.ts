import { createHash, X509Certificate } from 'node:crypto';
import type { Random } from '../../base/random.ts';

/** A certificate and its private key, in PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateInput {
  readonly random: Random;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** SHA-256 of a certificate, base64url: what an invitation pins. */
export function certificateHash(certificate: string | Buffer): string {
  return createHash('sha256').update(new X509Certificate(certificate).raw).digest('base64url');
}

/** SHA-256 of the public key of a certificate, base64url: which life of a board it is. */
export function keyFingerprint(certificate: string | Buffer): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64url');
}

/** The board that a certificate is for. Undefined for other certificates. */
export function boardNameOf(certificate: string | Buffer): string | undefined {
  const [, name] = /^CN=([a-z0-9-]+)$/m.exec(new X509Certificate(certificate).subject) ?? [];
  return name;
}

/** Whether `authority` issued the certificate. It is not asked how long either is good. */
export function isIssuedBy(certificate: string | Buffer, authority: string | Buffer): boolean {
  const issuer = new X509Certificate(authority);
  const issued = new X509Certificate(certificate);
  return issuer.ca && !issued.ca && issued.checkIssued(issuer) && issued.verify(issuer.publicKey);
}

/** A name for a board: the first part of a host name. */
export function isBoardName(text: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$/.test(text);
}
