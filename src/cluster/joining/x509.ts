// To be imported where something is issued, which is when boards join: the library takes some megabytes.
// It keeps its descriptions of ASN.1 in decorators, which need this first.
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { CertificateInput, KeyedCertificate } from './certificates.ts';

const { subtle } = globalThis.crypto;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const YEAR_MS = 365 * 86_400_000;
/** Boards have no clock that runs while they are without power: what is new must not lie in their future. */
const EARLIER_MS = 2 * YEAR_MS;
const LIFE_MS = 20 * YEAR_MS;

/** A certificate authority of a cluster. */
export async function newAuthority(serverName: string, input: CertificateInput): Promise<KeyedCertificate> {
  const keys = await subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ O: ['Copse'] }, { CN: [`boards of ${serverName}`] }],
    keys,
    ...common(input),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await privatePem(keys.privateKey) };
}

/** A private key, and the request for a certificate over it (PKCS #10), in PEM. */
export async function newRequest(board: string): Promise<{ readonly request: string; readonly key: string }> {
  const keys = await subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [board] }],
    keys,
    signingAlgorithm: ALGORITHM,
  });
  return { request: request.toString('pem'), key: await privatePem(keys.privateKey) };
}

/**
 * A certificate for the key of a request, and for nothing else that it says. Undefined where it is no request, or is not
 * signed with its own key.
 */
export async function issueCertificate(
  authority: KeyedCertificate,
  { request, board }: { readonly request: string; readonly board: string },
  input: CertificateInput,
): Promise<string | undefined> {
  const publicKey = await checkedKey(request);
  if (publicKey === undefined) return undefined;
  const issuer = new X509Certificate(authority.certificate);
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [board] }],
    issuer: issuer.subjectName,
    publicKey,
    signingKey: await subtle.importKey('pkcs8', PemConverter.decodeFirst(authority.key), ALGORITHM, false, ['sign']),
    ...common(input),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
    ],
  });
  return certificate.toString('pem');
}

/** The key of a request that is signed with it; others would be given certificates for keys that are not theirs. */
async function checkedKey(text: string): Promise<webcrypto.CryptoKey | undefined> {
  try {
    const request = new Pkcs10CertificateRequest(text);
    const key = await request.publicKey.export(ALGORITHM, ['verify']);
    return (await request.verify()) ? key : undefined;
  } catch {
    return undefined;
  }
}

function common({ random, now }: CertificateInput) {
  return {
    serialNumber: Buffer.from([0x01, ...random.bytes(15)]).toString('hex'),
    notBefore: new Date(now - EARLIER_MS),
    notAfter: new Date(now + LIFE_MS),
    signingAlgorithm: ALGORITHM,
  };
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}
