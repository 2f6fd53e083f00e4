import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/schema.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { type HttpParts, HttpServer } from '../http/server.ts';
import { listenHttp } from './listen.ts';
import { certificateFiles, followCertificate, readCertificate, warnOfDates } from './tls-files.ts';

export interface FederationListenerParts {
  readonly http: HttpParts;
  readonly routes: readonly Endpoint[];
  readonly clock: Clock;
  readonly log: Log;
}

/** A server of a big organisation opens a few; a transaction of 10 MB arrives in two minutes at 0.7 Mbit/s. */
const EXPOSED = { connectionsPerAddress: 100, requestMs: 120_000 };

/**
 * Opens the listener for other servers, where the settings have one: HTTPS when they name a certificate, which may be
 * renewed while the server runs. @throws ListenError, TlsFileError
 */
export async function listenFederation(
  settings: Config['listen']['federation'],
  { http, routes, clock, log }: FederationListenerParts,
): Promise<(AsyncDisposable & { readonly url: string }) | undefined> {
  if (!settings.enabled) return undefined;
  const files = certificateFiles(settings);
  const certificate = files === undefined ? undefined : readCertificate(files);
  if (certificate !== undefined) warnOfDates(certificate, { clock, log });
  await using opened = new AsyncDisposableStack();
  const server = new HttpServer({ ...http, exposed: EXPOSED, ...(certificate && { certificate }) });
  opened.defer(() => server.close());
  server.add(routes);
  const scheme = files === undefined ? 'http' : 'https';
  const url = await listenHttp(server, settings, { scheme, setting: 'listen.federation' });
  if (files !== undefined) opened.use(followCertificate(files, { clock, log }, each => server.renewCertificate(each)));
  const closing = opened.move();
  return { url, [Symbol.asyncDispose]: () => closing.disposeAsync() };
}
