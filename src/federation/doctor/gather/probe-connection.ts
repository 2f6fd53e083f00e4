import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import {
  checkServerIdentity,
  connect,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { AddressGuard } from '../../../base/address-guard.ts';
import type { Clock } from '../../../base/clock.ts';
import { request as httpRequest } from '../../../base/node-http.ts';
import { wholeBody } from '../../transport/answer-body.ts';
import { Deadline } from '../../transport/deadline.ts';
import type { Target } from '../../transport/discovery.ts';
import { reasonOf } from '../../transport/errors.ts';
import type { CertificateFacts } from '../facts.ts';
import { type Authorities, believersOf, chainSent } from './authorities.ts';

export interface ConnectionParts {
  readonly clock: Clock;
  /** Undefined for our own name, which may lead into our own network. */
  readonly guard: AddressGuard | undefined;
  readonly trust: () => SecureContext;
  /** Whom others believe. */
  readonly authorities: Authorities;
  /** Whether certificates are checked at all (`federation.verify_tls`): where not, none is held against a server. */
  readonly verifyTls: boolean;
  readonly userAgent: string;
}

/** A connection was had. */
export interface Connected {
  readonly socket: TLSSocket;
  readonly connectMs: number;
  readonly tlsMs: number;
}

/** No connection; `connectMs` where TCP had one. */
export class ConnectionError extends Error {
  readonly connectMs: number | undefined;

  constructor(message: string, connectMs: number | undefined, cause: unknown) {
    super(message, { cause });
    this.name = 'ConnectionError';
    this.connectMs = connectMs;
  }
}

const CONNECT_MS = 8000;
/** The first message of TLS with keys against quantum computers is larger than the packets that some ways take. */
const SMALL_KEY = 'X25519';

/**
 * Connects to one address, whatever its certificate is worth. `isSmall`: the first message of TLS fits into a packet of 600 bytes.
 *
 * @throws ConnectionError, ForbiddenAddressError */
export async function openConnection(
  parts: ConnectionParts,
  target: Target,
  certName: string,
  { isSmall = false }: { readonly isSmall?: boolean } = {},
): Promise<Connected> {
  const { clock, guard, trust } = parts;
  guard?.requireAllowed(target.address);
  const began = clock.monotonic();
  let connected: number | undefined;
  const socket = connect({
    host: target.address,
    port: target.port,
    // An address is no server name (RFC 6066, section 3).
    servername: isIP(certName) === 0 ? certName : '',
    // Whom it trusts does not matter where only the handshake is looked at.
    secureContext: isSmall ? createSecureContext({ ecdhCurve: SMALL_KEY }) : trust(),
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  using deadline = new Deadline(clock, CONNECT_MS);
  socket.once('connect', () => {
    connected = clock.monotonic();
  });
  // Stays on: an error after this is told to whoever uses the connection.
  const failed = new Promise<never>((_, reject) => socket.on('error', reject));
  failed.catch(() => undefined);
  try {
    const secure = new Promise<void>(resolve => socket.once('secureConnect', resolve));
    await deadline.wait(Promise.race([secure, failed]));
  } catch (error) {
    socket.destroy();
    throw new ConnectionError(reasonOf(error), connected === undefined ? undefined : connected - began, error);
  }
  const tcp = connected ?? began;
  return { socket, connectMs: tcp - began, tlsMs: clock.monotonic() - tcp };
}

/** What a server shows, and who believes it. */
export function certificateOf(
  { clock, authorities, verifyTls }: ConnectionParts,
  socket: TLSSocket,
  certName: string,
): CertificateFacts {
  const certificate = socket.getPeerCertificate();
  const chain = chainSent(socket.getPeerX509Certificate());
  const mismatch = checkServerIdentity(certName, certificate) as NodeJS.ErrnoException | undefined;
  const untrusted = socket.authorized ? undefined : String(socket.authorizationError);
  return {
    subject: nameIn(certificate.subject),
    issuer: nameIn(certificate.issuer),
    names: (certificate.subjectaltname ?? '')
      .split(', ')
      .filter(name => name !== '')
      .slice(0, 20),
    notBefore: Date.parse(certificate.valid_from),
    notAfter: Date.parse(certificate.valid_to),
    sent: chain.length,
    ...(verifyTls
      ? {
          distrust: untrusted ?? mismatch?.code ?? null,
          believers: believersOf(chain, authorities(), clock.now()),
        }
      : { distrust: null }),
  };
}

function nameIn(subject: PeerCertificate['subject'] | undefined): string {
  return String(subject?.CN ?? subject?.O ?? '?').slice(0, 200);
}

export interface PlainRequest {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly timeoutMs: number;
}

export interface PlainAnswer {
  readonly status: number;
  readonly date: string | undefined;
  readonly software: string | undefined;
  readonly body: string;
}

const MOST_BYTES = 64 * 1024;
/** After so long the body is sent without being asked for. */
const CONTINUE_MS = 2000;

/** Sends one request, unsigned, and closes the connection. @throws when there is no whole answer */
export async function ask(parts: ConnectionParts, socket: TLSSocket, sent: PlainRequest): Promise<PlainAnswer> {
  using deadline = new Deadline(parts.clock, sent.timeoutMs);
  try {
    const response = await deadline.wait(headOf(parts, socket, sent, deadline.signal));
    const limits = { maxBytes: MOST_BYTES, idleMs: sent.timeoutMs };
    const body = await deadline.wait(wholeBody(response, limits, parts.clock));
    const { date, server } = response.headers;
    const software = server === undefined ? undefined : String(server);
    return { status: response.statusCode ?? 0, date, software, body: body.toString() };
  } finally {
    socket.destroy();
  }
}

/** A large body is announced first: whoever refuses it says so at once, and is not cut off in the middle of it. */
function headOf(
  { clock, userAgent }: ConnectionParts,
  socket: TLSSocket,
  { method, path, host, headers = {}, body }: PlainRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const bodyHeaders = body && {
    'content-type': 'application/json',
    'content-length': String(body.length),
    expect: '100-continue',
  };
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      createConnection: () => socket,
      method,
      path,
      headers: {
        host,
        'user-agent': userAgent,
        accept: 'application/json',
        connection: 'close',
        ...headers,
        ...bodyHeaders,
      },
      setHost: false,
      signal,
    });
    request.on('error', reject);
    request.once('response', resolve);
    if (body === undefined) return void request.end();
    let isSent = false;
    const send = () => {
      if (!isSent) request.end(body);
      isSent = true;
    };
    const late = clock.after(CONTINUE_MS, send);
    request.once('continue', send);
    request.once('response', () => late.cancel());
    request.flushHeaders();
  });
}
