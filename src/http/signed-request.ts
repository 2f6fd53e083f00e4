import type { FastifyRequest } from 'fastify';
import type { LimitName } from '../accounts/rate-limits.ts';
import type { ServerName } from '../core/ids.ts';
import type { Json } from '../core/json.ts';
import type { AuthenticateServer } from '../federation/inbound/request-authentication.ts';
import { checkBody, readJsonBody } from './body.ts';
import type { Endpoint } from './endpoint.ts';

export interface SignedRequestParts {
  /** Finds out which server signed a request. @throws MatrixError M_UNAUTHORIZED */
  readonly authenticateServer?: AuthenticateServer;
  /** Counts a request of a server. @throws MatrixError M_LIMIT_EXCEEDED */
  readonly countServer?: (limit: LimitName, origin: ServerName) => Promise<void>;
}

/**
 * Reads a request of another server: who signed it, and its body. Numbers in it may be any, since a transaction must not
 * fail for one odd event. @throws MatrixError M_UNAUTHORIZED, M_LIMIT_EXCEEDED, M_NOT_JSON, M_BAD_JSON
 */
export async function readSignedRequest(
  { authenticateServer: authenticate, countServer }: SignedRequestParts,
  spec: Endpoint,
  raw: FastifyRequest,
): Promise<{ origin: ServerName; body: unknown }> {
  if (authenticate === undefined || spec.body === 'stream')
    throw new Error(`${spec.path} cannot be served: its requests cannot be authenticated here`);
  let body: Json = {};
  const origin = await authenticate({
    method: raw.method,
    target: raw.raw.url ?? '',
    authorization: headerValues(raw.raw.rawHeaders, 'authorization'),
    body() {
      if (!(raw.body instanceof Uint8Array) || raw.body.length === 0) return undefined;
      body = readJsonBody(raw.body, false);
      return Buffer.from(raw.body.buffer, raw.body.byteOffset, raw.body.length).toString();
    },
  });
  if (spec.limit !== undefined) await countServer?.(spec.limit, origin);
  await checkBody(spec.body, body);
  return { origin, body };
}

/** Node keeps only the first of several such headers; each of them has to be looked at. */
function headerValues(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
}
