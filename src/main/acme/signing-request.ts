import { type KeyObject, sign } from 'node:crypto';
import { bitString, der, integer, objectId, octets, sequence, set, time } from './der.ts';

/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2 */
const ECDSA_SHA256 = sequence(objectId('2a8648ce3d040302'));
/** extensionRequest, 1.2.840.113549.1.9.14 */
const EXTENSION_REQUEST = objectId('2a864886f70d01090e');
/** subjectAltName, 2.5.29.17 */
const ALTERNATIVE_NAMES = objectId('551d11');
const DAY_MS = 86_400_000;

/** A pair of the curve P-256. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** A request for a certificate for DNS names (PKCS #10, RFC 2986), in DER. */
export function signingRequest(names: readonly string[], keys: KeyPair): Buffer {
  const attributes = der(0xa0, sequence(EXTENSION_REQUEST, set(sequence(alternativeNames(names)))));
  return signed(sequence(integer(0), sequence(), spki(keys), attributes), keys);
}

/** A certificate that nobody vouches for (RFC 5280), in PEM: the listener needs one until the first real one is there. */
export function selfSigned(names: readonly string[], keys: KeyPair, now: number): string {
  const issuer = sequence(set(sequence(objectId('550403'), der(0x0c, Buffer.from('not yet certified')))));
  const validity = sequence(time(now - DAY_MS), time(now + DAY_MS));
  const extensions = der(0xa3, sequence(alternativeNames(names)));
  const version = der(0xa0, integer(2));
  const bytes = signed(
    sequence(version, integer(1), ECDSA_SHA256, issuer, validity, issuer, spki(keys), extensions),
    keys,
  );
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function spki({ publicKey }: KeyPair): Buffer {
  return publicKey.export({ format: 'der', type: 'spki' });
}

function signed(content: Buffer, { privateKey }: KeyPair): Buffer {
  return sequence(content, ECDSA_SHA256, bitString(sign('sha256', content, privateKey)));
}

function alternativeNames(names: readonly string[]): Buffer {
  return sequence(ALTERNATIVE_NAMES, octets(sequence(...names.map(name => der(0x82, Buffer.from(name))))));
}
