import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder, writeDurably } from '../../base/write-durably.ts';
import { type KeyPair, selfSigned } from './signing-request.ts';

/** What of a certificate decides when the next one is due. */
export interface CertificateFacts {
  readonly names: readonly string[];
  readonly from: number;
  readonly until: number;
  /** Nobody vouches for it: it stands in until the first real one is there. */
  readonly isStandIn: boolean;
}

/** The folder `acme` in the data folder: the account's key, and the certificate with its key. For its owner alone. */
export class AcmeFiles {
  readonly certificate: string;
  readonly key: string;
  readonly #accountKey: string;

  constructor(dataFolder: string) {
    const folder = join(dataFolder, 'acme');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    syncFolder(dataFolder);
    this.certificate = join(folder, 'certificate.pem');
    this.key = join(folder, 'certificate.key');
    this.#accountKey = join(folder, 'account.key');
  }

  /** The account's key, made when it is needed first. */
  accountKey(): KeyObject {
    if (!existsSync(this.#accountKey)) writeDurably(this.#accountKey, pemOf(newKeys().privateKey));
    return createPrivateKey(readFileSync(this.#accountKey));
  }

  /** Sees to it that there is a certificate: without one the listener cannot start. */
  standIn(names: readonly string[], now: number): void {
    if (this.facts() !== undefined) return;
    const keys = newKeys();
    this.write(selfSigned(names, keys, now), pemOf(keys.privateKey));
  }

  /** The chain first: who reads between the two finds that they do not fit, and looks again. */
  write(chain: string, key: string): void {
    writeDurably(this.certificate, chain);
    writeDurably(this.key, key);
  }

  /** Chain and key in PEM. */
  read(): { readonly chain: string; readonly key: string } {
    return { chain: readFileSync(this.certificate, 'utf8'), key: readFileSync(this.key, 'utf8') };
  }

  /** Undefined where there is none that can be used. */
  facts(): CertificateFacts | undefined {
    try {
      const certificate = new X509Certificate(readFileSync(this.certificate));
      if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(this.key)))) return undefined;
      return {
        names: (certificate.subjectAltName ?? '').split(', ').map(name => name.replace(/^DNS:/, '')),
        from: certificate.validFromDate.getTime(),
        until: certificate.validToDate.getTime(),
        isStandIn: certificate.issuer === certificate.subject,
      };
    } catch {
      return undefined;
    }
  }
}

export function newKeys(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

export function pemOf(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}
