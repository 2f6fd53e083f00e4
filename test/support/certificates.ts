import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';

/** A certificate and its key, in PEM. */
export interface Certified {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** DNS names and IP addresses that it is for. */
  readonly names: readonly string[];
  /** Already over. */
  readonly expired?: boolean;
  /** From when until when it is good, in milliseconds since 1970. */
  readonly good?: { readonly from: number; readonly until: number };
}

/** A certificate authority for tests, made anew each time. X.509 (RFC 5280) written by hand: no program is needed. */
export class TestAuthority {
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #name: string;
  /** What has to be trusted. */
  readonly certificate: string;

  /** `above`: the authority that vouches for this one, which then stands between it and what this one issues. */
  constructor(name = 'Test authority', above?: TestAuthority) {
    this.#name = name;
    const bytes = (above ?? this).#certificate(this.#keys.publicKey, name, [basicConstraints(true)], 1);
    this.certificate = pem('CERTIFICATE', bytes);
  }

  issue({ names, expired = false, good = expired ? OVER : GOOD }: CertificateOptions): Certified {
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const extensions = [basicConstraints(false), alternativeNames(names)];
    const bytes = this.#certificate(keys.publicKey, names[0] ?? 'nobody', extensions, 2, good);
    return {
      certificate: pem('CERTIFICATE', bytes),
      key: keys.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    };
  }

  /** For somebody's key, from now on for a time; with what vouches for it. */
  certify(publicKey: KeyObject, names: readonly string[], from: number, until: number): string {
    const extensions = [basicConstraints(false), alternativeNames(names)];
    const bytes = this.#certificate(publicKey, names[0] ?? 'nobody', extensions, 3, { from, until });
    return pem('CERTIFICATE', bytes) + this.certificate;
  }

  #certificate(publicKey: KeyObject, subject: string, extensions: Buffer[], serial: number, good = GOOD): Buffer {
    const signed = sequence(
      tagged(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, Buffer.from([serial])),
      ECDSA_SHA256,
      commonName(this.#name),
      sequence(time(good.from), time(good.until)),
      commonName(subject),
      publicKey.export({ format: 'der', type: 'spki' }),
      tagged(0xa3, sequence(...extensions)),
    );
    const signature = sign('sha256', signed, this.#keys.privateKey);
    return sequence(signed, ECDSA_SHA256, bitString(signature));
  }
}

const GOOD = { from: Date.UTC(2024, 0), until: Date.UTC(2099, 0) };
const OVER = { from: Date.UTC(2020, 0), until: Date.UTC(2021, 0) };

function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...head]), body]);
}

const sequence = (...content: Buffer[]) => der(0x30, ...content);
const tagged = (tag: number, content: Buffer) => der(tag, content);
const time = (ms: number) => der(0x18, Buffer.from(new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '')));
const objectId = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const bitString = (bytes: Buffer) => der(0x03, Buffer.from([0]), bytes);

/** 1.2.840.10045.4.3.2 */
const ECDSA_SHA256 = sequence(objectId('2a8648ce3d040302'));

/** A name that is a common name (2.5.4.3) alone. */
function commonName(common: string): Buffer {
  return sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(common)))));
}

/** 2.5.29.19, critical */
function basicConstraints(isAuthority: boolean): Buffer {
  const content = isAuthority ? sequence(der(0x01, Buffer.from([0xff]))) : sequence();
  return sequence(objectId('551d13'), der(0x01, Buffer.from([0xff])), der(0x04, content));
}

/** 2.5.29.17 */
function alternativeNames(names: readonly string[]): Buffer {
  const entries = names.map(each => (isIP(each) === 0 ? der(0x82, Buffer.from(each)) : der(0x87, addressBytes(each))));
  return sequence(objectId('551d11'), der(0x04, sequence(...entries)));
}

/** IPv6 only as `::x`, which is what tests use. */
function addressBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16BE(Number.parseInt(address.slice(2), 16), 14);
  return bytes;
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
