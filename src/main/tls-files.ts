import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { TlsCertificate } from '../http/server.ts';

/** A file of a certificate or key cannot be used: the message says which and why. */
export class TlsFileError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TlsFileError';
  }
}

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** What the two settings are called. */
const OF_LISTENER: CertificateFiles = { certificate: 'listen.federation.certificate', key: 'listen.federation.key' };

const CHECKED_MS = 60_000;

/** Certificate authorities that are trusted beside the usual ones, in PEM. @throws TlsFileError */
export function readAuthorities(files: readonly string[]): string[] {
  return files.map(file => {
    const text = readFile(file, 'tls.extra_ca');
    requireUsable(() => new X509Certificate(text), `${file} (tls.extra_ca) holds no certificate in PEM`);
    return text;
  });
}

/** Both files, or undefined when neither is set. @throws TlsFileError */
export function certificateFiles(
  settings: { readonly certificate?: string | undefined; readonly key?: string | undefined },
  names = OF_LISTENER,
): CertificateFiles | undefined {
  const { certificate, key } = settings;
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  throw new TlsFileError(`${names.certificate} and ${names.key} belong together: both are needed, or neither.`);
}

/** @throws TlsFileError */
export function readCertificate(files: CertificateFiles, names = OF_LISTENER): TlsCertificate {
  const cert = readFile(files.certificate, names.certificate);
  const key = readFile(files.key, names.key);
  const use = () => createSecureContext({ cert, key });
  requireUsable(use, `${files.certificate} and ${files.key} are no certificate in PEM with its key`);
  return { cert, key };
}

/** Others refuse a certificate that is out of date. It is served all the same: the clock of this machine may be wrong. */
export function warnOfDates(
  { cert }: TlsCertificate,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): void {
  const { validFromDate, validToDate } = new X509Certificate(cert);
  const now = clock.now();
  const isDue = validFromDate.getTime() <= now && now <= validToDate.getTime();
  if (isDue) return;
  const dates = `${validFromDate.toISOString()} to ${validToDate.toISOString()}`;
  log.warn(
    `The certificate of the listener for servers is good from ${dates}: others refuse it. Renew it, or set the clock.`,
  );
}

/** Calls `renewed` whenever the files have changed, and keeps to the old certificate while they are of no use. */
export function followCertificate(
  files: CertificateFiles,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  renewed: (certificate: TlsCertificate) => void,
): Disposable {
  let seen = stampOf(files);
  let timer: Timer;
  const look = () => {
    const now = stampOf(files);
    if (now !== seen) take(now);
    timer = clock.after(CHECKED_MS, look);
  };
  const take = (now: string) => {
    seen = now;
    try {
      const certificate = readCertificate(files);
      renewed(certificate);
      warnOfDates(certificate, { clock, log });
      log.info('The certificate of the listener for servers was renewed.');
    } catch (error) {
      log.warn(`The new certificate is not used, the one before stays: ${(error as Error).message}`);
    }
  };
  timer = clock.after(CHECKED_MS, look);
  return { [Symbol.dispose]: () => timer.cancel() };
}

function stampOf({ certificate, key }: CertificateFiles): string {
  return [certificate, key].map(file => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 'missing').join();
}

function requireUsable(use: () => unknown, otherwise: string): void {
  try {
    use();
  } catch (error) {
    throw new TlsFileError(`${otherwise} (${(error as Error).message}).`, error);
  }
}

function readFile(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TlsFileError(`${file} (${setting}) cannot be read: ${(error as Error).message}.`, error);
  }
}
