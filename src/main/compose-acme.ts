import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { CertificateStatus } from '../cli/certificate-text.ts';
import type { Listener } from '../cli/status-text.ts';
import type { Config } from '../config/schema.ts';
import type { ServerName } from '../core/ids.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { type HttpParts, HttpServer } from '../http/server.ts';
import { acmeChallenge } from '../http/site/acme-challenge.ts';
import { AcmeFiles } from './acme/acme-files.ts';
import { askOver } from './acme/ask.ts';
import { CertificateRenewal } from './acme/renewal.ts';
import { listenHttp } from './listen.ts';
import { readAuthorities, TlsFileError } from './tls-files.ts';

export interface AcmeInput {
  /** The data folder. */
  readonly path: string;
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

/** One request for each name that is to be certified. */
const EXPOSED = { connectionsPerAddress: 20, requestMs: 10_000 };

/** @throws TlsFileError, ListenError */
export async function composeAcme(config: Config, input: AcmeInput): Promise<Acme> {
  const { acme } = config.tls;
  checkSettings(config);
  const { clock, random, log, path, serverName, http } = input;
  const names = acme.names.length > 0 ? acme.names : [serverName.replace(/:\d+$/, '')];
  const files = new AcmeFiles(path);
  files.standIn(names, clock.now());
  const challenges = new Map<string, string>();
  const ask = askOver(readAuthorities(config.tls.extra_ca));
  const { directory, email } = acme;
  const renewal = new CertificateRenewal({ ask, directory, email, names, files, challenges, clock, random, log });
  const routes = [acmeChallenge(challenges)];
  const server = acme.port === 0 ? undefined : new HttpServer({ ...http, exposed: EXPOSED });
  server?.add(routes);
  const at = { host: acme.host, port: acme.port };
  const url = server && (await listenHttp(server, at, { scheme: 'http', setting: 'tls.acme' }));
  const end = new AbortController();
  let work: Promise<void> | undefined;
  return {
    config: { ...config, listen: { ...config.listen, federation: { ...config.listen.federation, ...filesOf(files) } } },
    routes,
    listeners: url === undefined ? [] : [{ name: 'certificates', url }],
    start() {
      work ??= renewal.run(end.signal);
    },
    status: () => renewal.status,
    async [Symbol.asyncDispose]() {
      end.abort(new Error('the server ends'));
      await work;
      await server?.close();
    },
  };
}

function filesOf({ certificate, key }: AcmeFiles): { readonly certificate: string; readonly key: string } {
  return { certificate, key };
}

/** @throws TlsFileError */
function checkSettings({ listen, cluster }: Config): void {
  if (!listen.federation.enabled)
    throw new TlsFileError('tls.acme gets a certificate for listen.federation, which is not enabled.');
  if (listen.federation.certificate !== undefined)
    throw new TlsFileError(
      'tls.acme gets a certificate: take listen.federation.certificate and key out of the settings.',
    );
  if (cluster.bus !== undefined)
    throw new TlsFileError(
      'With several processes the front holds the certificate: take tls.acme out of the settings.',
    );
}
