import { type Clock, sleep } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { CertificateStatus } from '../cli/certificate-text.ts';
import type { Listener } from '../cli/status-text.ts';
import type { Leases } from '../cluster/leases.ts';
import type { Config } from '../config/schema.ts';
import type { ServerName } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { type HttpParts, HttpServer } from '../http/server.ts';
import { acmeChallenge } from '../http/site/acme-challenge.ts';
import { AcmeFiles } from './acme/acme-files.ts';
import { askOver } from './acme/ask.ts';
import { CertificateRenewal } from './acme/renewal.ts';
import { SharedCertificate } from './acme/shared-certificate.ts';
import { StoredChallenges } from './acme/stored-challenges.ts';
import type { DataFolder } from './data-folder.ts';
import { listenHttp } from './listen.ts';
import { readAuthorities, TlsFileError } from './tls-files.ts';

export interface AcmeInput {
  readonly folder: Pick<DataFolder, 'path' | 'secrets'>;
  readonly db: Database;
  readonly leases: Leases;
  readonly serverName: ServerName;
  readonly http: HttpParts;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A certificate that is got and renewed by itself. */
export interface Acme extends AsyncDisposable {
  /** The settings, with the files of the certificate for the listener for other servers. */
  readonly config: Config;
  /** For the listener for clients: a proxy on port 80 may pass the authority's questions on to it. */
  readonly routes: readonly Endpoint[];
  readonly listeners: readonly Listener[];
  /** Begins to ask for a certificate. */
  start(): void;
  status(): CertificateStatus;
}

/** The lease of the process that asks for certificates. */
const WORK = 'certificate';
/** How often the others look whether it has got one. */
const FOLLOWED_EVERY_MS = 60_000;
/** One request for each name that is to be certified. */
const EXPOSED = { connectionsPerAddress: 20, requestMs: 10_000 };

/** @throws TlsFileError, ListenError */
export async function composeAcme(config: Config, input: AcmeInput): Promise<Acme> {
  const { acme } = config.tls;
  checkSettings(config);
  const { clock, random, log, folder, db, leases, serverName, http } = input;
  const names = acme.names.length > 0 ? acme.names : [serverName.replace(/:\d+$/, '')];
  const files = new AcmeFiles(folder.path);
  const secret = Buffer.from(folder.secrets.token_secret, 'base64url');
  const certificate = new SharedCertificate({ db, files, secret, random });
  await certificate.begin(names, clock.now());
  const challenges = new StoredChallenges(db, clock);
  const ask = askOver(readAuthorities(config.tls.extra_ca));
  const { directory, email } = acme;
  const accountKey = files.accountKey();
  const found = { ask, directory, email, names, accountKey };
  const renewal = new CertificateRenewal({ ...found, certificate, challenges, clock, random, log });
  const routes = [acmeChallenge(token => challenges.answerTo(token))];
  const server = acme.port === 0 ? undefined : new HttpServer({ ...http, exposed: EXPOSED });
  server?.add(routes);
  const at = { host: acme.host, port: acme.port };
  const url = server && (await listenFor(server, at, config, log));
  const end = new AbortController();
  let work: Promise<unknown> | undefined;
  return {
    config: { ...config, listen: { ...config.listen, federation: { ...config.listen.federation, ...filesOf(files) } } },
    routes,
    listeners: url === undefined ? [] : [{ name: 'certificates', url }],
    start() {
      work ??= Promise.all([
        leases.hold(WORK, signal => renewal.run(signal), end.signal),
        follow(renewal, clock, end.signal),
      ]);
    },
    status: () => renewal.status,
    async [Symbol.asyncDispose]() {
      end.abort(new Error('the server ends'));
      await work;
      if (url !== undefined) await server?.close();
    },
  };
}

async function follow(renewal: CertificateRenewal, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(clock, FOLLOWED_EVERY_MS, signal);
    await renewal.follow();
  }
}

/** Of several processes of one machine one has the port, and answers for all of them. @throws ListenError */
async function listenFor(
  server: HttpServer,
  at: { readonly host: string; readonly port: number },
  { cluster }: Config,
  log: Log,
): Promise<string | undefined> {
  try {
    return await listenHttp(server, at, { scheme: 'http', setting: 'tls.acme' });
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    if (cluster.bus === undefined || code !== 'EADDRINUSE') throw error;
    log.info('Another process of this machine answers the authority.', { port: at.port });
    return undefined;
  }
}

function filesOf({ certificate, key }: AcmeFiles): { readonly certificate: string; readonly key: string } {
  return { certificate, key };
}

/** @throws TlsFileError */
function checkSettings({ listen, cluster }: Config): void {
  // The front of several processes shows it.
  if (!listen.federation.enabled && cluster.bus === undefined)
    throw new TlsFileError('tls.acme gets a certificate for listen.federation, which is not enabled.');
  if (listen.federation.certificate !== undefined)
    throw new TlsFileError(
      'tls.acme gets a certificate: take listen.federation.certificate and key out of the settings.',
    );
}
