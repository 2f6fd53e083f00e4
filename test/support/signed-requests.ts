import type { TestContext } from 'node:test';
import { silentLog } from '../../src/base/log.ts';
import type { Identity } from '../../src/core/identity.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { signRequest } from '../../src/core/xmatrix.ts';
import type { AuthenticateServer } from '../../src/federation/inbound/request-authentication.ts';
import type { Endpoint } from '../../src/http/endpoint.ts';
import { type HttpParts, HttpServer } from '../../src/http/server.ts';

/** A server for other servers alone. */
export function federationServer(
  t: TestContext,
  endpoints: readonly Endpoint[],
  authenticateServer: AuthenticateServer,
  more: Pick<HttpParts, 'countServer'> = {},
) {
  const server = new HttpServer({
    log: silentLog,
    authenticate: () => Promise.reject(new Error('no users here')),
    authenticateServer,
    countRequest: () => undefined,
    trustedProxies: [],
    ...more,
  });
  server.add(endpoints);
  t.after(() => server.close());
  return server;
}

/** The header of a request of `from` to `to`. */
export function signed(from: Identity, to: string, method: string, uri: string, content?: JsonObject): string {
  return signRequest({ method, uri, origin: from.serverName, destination: to, content }, from.signingKey);
}
