import type { Clock } from '../../base/clock.ts';
import type { Identity } from '../../core/identity.ts';
import type { ServerName } from '../../core/ids.ts';
import { forbidden, MatrixError } from '../../core/matrix-error.ts';
import type { ServerAcl } from '../../core/server-acl.ts';
import { parseXMatrixHeaders, verifyRequest, type XMatrix } from '../../core/xmatrix.ts';
import type { KeyRing } from '../keys/key-ring.ts';

/** A request of another server, exactly as it came. */
export interface IncomingServerRequest {
  readonly method: string;
  /** The request target as it stands in the request line: nothing decoded, nothing normalised. */
  readonly target: string;
  /** The values of all `Authorization` headers. */
  readonly authorization: readonly string[];
  /**
   * The body as it came, which must be JSON; undefined when there is none. Only called once the headers are in order.
   * @throws MatrixError M_NOT_JSON, M_BAD_JSON
   */
  readonly body: () => string | undefined;
}

export interface RequestAuthenticationParts {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly keyRing: Pick<KeyRing, 'keysFor'>;
  /** Whom the operator lets this server talk to; everybody unless given. */
  readonly policy?: ServerAcl;
}

/** Finds out which server sent a request. @throws MatrixError M_UNAUTHORIZED (401), M_FORBIDDEN, and what `body` throws */
export type AuthenticateServer = (request: IncomingServerRequest) => Promise<ServerName>;

/**
 * Request authentication (server-server API, "Request Authentication"): every signature must be by a key with which the
 * origin signs today, over the raw request line and body, for us as the destination.
 */
export function requestAuthentication(parts: RequestAuthenticationParts): AuthenticateServer {
  return async request => {
    const headers = readHeaders(request.authorization, parts.identity.serverName);
    const [{ origin }] = headers;
    // Before anything is done for them, such as asking for their keys.
    if (parts.policy?.allows(origin) === false) throw forbidden(`This server does not talk to ${origin}.`);
    const body = request.body();
    const now = parts.clock.now();
    const keys = await parts.keyRing.keysFor(
      headers.map(({ key }) => ({ server: origin, keyId: key, minValidUntil: now })),
    );
    for (const header of headers) {
      const key = keys.get(origin, header.key);
      // Old keys are for old events only.
      if (key === undefined || !key.current || key.validUntilTs < now)
        throw unauthorized(`There is no valid key ${header.key} of ${origin}.`);
      if (
        !verifyRequest(
          { method: request.method, uri: request.target, body },
          header,
          key.publicKey,
          parts.identity.crypto,
        )
      )
        throw unauthorized(`The signature of ${origin} with ${header.key} does not hold for this request.`);
    }
    return origin;
  };
}

function readHeaders(values: readonly string[], us: ServerName): readonly [XMatrix, ...XMatrix[]] {
  if (values.length === 0) throw unauthorized('The Authorization header is missing.');
  const headers = parseXMatrixHeaders(values);
  const first = headers?.[0];
  if (headers === undefined || first === undefined)
    throw unauthorized('The Authorization header is no valid X-Matrix.');
  // Servers from before version 1.3 of the specification do not name the destination.
  if (first.destination !== undefined && first.destination !== us)
    throw unauthorized(`This is ${us}, the request is for ${first.destination}.`);
  // DNS does not tell cases apart, so such a name would lead back to us.
  if (first.origin.toLowerCase() === us.toLowerCase())
    throw unauthorized('A request cannot come from this server itself.');
  return headers as readonly [XMatrix, ...XMatrix[]];
}

function unauthorized(message: string): MatrixError {
  return new MatrixError('M_UNAUTHORIZED', message);
}
