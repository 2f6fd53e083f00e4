import type { IncomingMessage, ServerOptions } from 'node:http';
import { Readable } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { LimitName } from '../accounts/rate-limits.ts';
import type { Requester } from '../accounts/requester.ts';
import type { AuditedRequest } from '../administration/audit.ts';
import type { Admission } from '../base/admission.ts';
import { BudgetFullError } from '../base/budget-account.ts';
import type { Log } from '../base/log.ts';
import type { MemoryGuard, MemoryLevel } from '../base/memory-guard.ts';
import type { ServerName } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { allowOrigins } from './allow-origins.ts';
import { boardOf } from './board-peer.ts';
import { checkBody, readJsonBody } from './body.ts';
import { clientAddress } from './client-address.ts';
import { limitConnections } from './connection-limit.ts';
import { Departures } from './departures.ts';
import { dropBody } from './drop-body.ts';
import { DEFAULT_BODY_LIMIT, type Endpoint, type EndpointRequest, isReply, pathsOf, type Reply } from './endpoint.ts';
import { answerError } from './errors.ts';
import { HEALTH_PATH, SYNAPSE_HEALTH_PATH } from './health.ts';
import { Query } from './query.ts';
import type { RequestCharge, RequestMemory } from './request-memory.ts';
import { RouteTable } from './route-table.ts';
import { JSON_TYPE, jsonBytes, sendJson } from './send-json.ts';
import { readSignedRequest, type SignedRequestParts } from './signed-request.ts';
import { silentConnections } from './silent-connections.ts';
import { readWhole } from './whole-body.ts';

/** Without `authenticateServer` there are no endpoints for servers. */
export interface HttpParts extends SignedRequestParts {
  readonly log: Log;
  /** Finds out who a token belongs to. @throws MatrixError M_UNKNOWN_TOKEN */
  readonly authenticate: (
    token: string,
    request: { ip: string; userAgent: string | undefined; query: Query; allowLocked: boolean },
  ) => Promise<Requester>;
  /** Counts a request. @throws MatrixError M_LIMIT_EXCEEDED with `retry_after_ms` */
  readonly countRequest: (limit: LimitName, who: Requester | undefined, ip: string) => void;
  /** Writes down what an administrator is about to change, before it is done. */
  readonly audit?: (who: Requester, request: AuditedRequest) => Promise<void>;
  /** Addresses of reverse proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** With it the listener stands on the open internet, without a proxy in front. */
  readonly exposed?: Exposure;
  /** With it the server speaks HTTPS. */
  readonly certificate?: TlsCertificate;
  /** With it boards are known by certificates that this authority (PEM) issued. */
  readonly boardAuthority?: string;
  /** Without it requests are charged to nothing, and nobody is sent away. */
  readonly memory?: HttpMemory;
  /** Told of each request that failed by an error of ours, with a status of 5xx. */
  readonly failed?: (route: string, error: unknown) => void;
  /** Called once for each answered request, for metrics. */
  readonly observe?: (route: string, method: string, status: number, milliseconds: number) => void;
}

/** Bounds what requests hold, and waits when they want much. */
export interface HttpMemory {
  readonly charges: RequestMemory;
  readonly admission: Admission;
  readonly guard: Pick<MemoryGuard, 'onChange'>;
}

/** What an address may hold on to. */
export interface Exposure {
  readonly connectionsPerAddress: number;
  /** How long a request may take to arrive, in milliseconds. */
  readonly requestMs: number;
}

/** A certificate chain and its key, in PEM. */
export interface TlsCertificate {
  readonly cert: string;
  readonly key: string;
}

/**
 * Connections that wait to be accepted, as far as the kernel allows (`net.core.somaxconn`). With Node's 511 a burst overflowed
 * it within one busy second, and whoever came then was heard only at a retransmission, up to half a minute later.
 */
const BACKLOG = 4096;

/** When those who were sent away may come back. */
const SENT_AWAY_MS = 10_000;

const noSchemas = (): never => {
  throw new Error('routes have no Fastify schemas');
};
const NO_QUERY = {};
/** Bodies are checked by `checkBody`. Fastify's own compilers would be loaded all the same (2.5 MB). */
const NO_SCHEMAS = { buildValidator: noSchemas, buildSerializer: noSchemas };

/** One listener's HTTP server. `drain` aborts waiting requests, so that long-polls are answered before `close`. */
export class HttpServer {
  readonly app: FastifyInstance;
  readonly routes = new RouteTable();
  readonly #parts: HttpParts;
  readonly #departures = new Departures();
  readonly #memoryWatch: Disposable | undefined;
  readonly #closeSilent: () => void;
  #isDraining = false;

  constructor(parts: HttpParts) {
    this.#parts = parts;
    this.app = Fastify({
      bodyLimit: DEFAULT_BODY_LIMIT,
      exposeHeadRoutes: false,
      forceCloseConnections: 'idle',
      // `Query` reads the query string, once.
      routerOptions: { maxParamLength: 2048, ignoreTrailingSlash: false, querystringParser: () => NO_QUERY },
      rewriteUrl: headAsGet,
      requestTimeout: parts.exposed?.requestMs ?? 0,
      keepAliveTimeout: 75_000,
      ...transportOf(parts),
      logger: false,
      schemaController: { compilersFactory: NO_SCHEMAS },
      frameworkErrors: (error, request, answer) => {
        // No hook has seen it.
        allowOrigins(request, answer);
        answerError(parts.log, error, request, answer);
      },
    });
    const { exposed, trustedProxies } = parts;
    if (exposed !== undefined) limitConnections(this.app.server, exposed.connectionsPerAddress, trustedProxies);
    this.#closeSilent = silentConnections(this.app.server);
    this.app.removeAllContentTypeParsers();
    this.app.decorateRequest('charge', undefined);
    this.app.addContentTypeParser('*', async (request: FastifyRequest, payload: Readable) =>
      readBody(request, payload),
    );
    this.app.setErrorHandler((error, request, answer) => {
      dropBody(request.raw, answer);
      const answered = answerError(this.#parts.log, error, request, answer);
      if (answer.statusCode >= 500) this.#parts.failed?.(request.routeOptions.url ?? 'unknown', error);
      return answered;
    });
    this.app.setNotFoundHandler((request, answer) => this.#notFound(request, answer));
    this.app.addHook('onRequest', async (request, answer) => this.#beforeAll(request, answer));
    if (parts.observe !== undefined)
      this.app.addHook('onResponse', async (request, answer) => this.#observe(request, answer));
    for (const path of [HEALTH_PATH, SYNAPSE_HEALTH_PATH])
      this.app.get(path, (_request, answer) =>
        sendJson(answer.code(this.#isDraining ? 503 : 200), { draining: this.#isDraining }),
      );
    this.#memoryWatch = parts.memory?.guard.onChange(level => this.#pressed(level));
  }

  add(endpoints: readonly Endpoint[]): void {
    for (const spec of endpoints) for (const path of pathsOf(spec)) this.#route(spec, path);
  }

  #route(spec: Endpoint, path: string): void {
    this.routes.add(spec.method, path);
    this.app.route({
      method: spec.method,
      url: path,
      bodyLimit: Math.min(spec.bodyLimit ?? DEFAULT_BODY_LIMIT, this.#parts.memory?.charges.largestBody ?? Infinity),
      config: { stream: spec.body === 'stream' },
      handler: (request, answer) => this.#handle(spec, request, answer),
    });
  }

  async #handle(spec: Endpoint, raw: FastifyRequest, answer: FastifyReply): Promise<unknown> {
    const query = new Query(queryText(raw));
    const ip = clientAddress(raw, this.#parts.trustedProxies);
    const userAgent = raw.headers['user-agent'];
    const user = await this.#requester(spec, raw, query, ip, userAgent);
    if (spec.limit !== undefined && spec.auth !== 'server') this.#parts.countRequest(spec.limit, user, ip);
    if (spec.body === 'stream') raw.charge?.streamBody();
    const board = spec.auth === 'board' ? boardOf(raw.raw.socket) : undefined;
    const { origin, body } = await this.#read(spec, raw);
    if (spec.auth === 'admin' && user !== undefined && raw.method !== 'GET' && spec.changesNothing !== true)
      await this.#parts.audit?.(user, { ip, method: raw.method, path: filledIn(spec.path, raw.params) });
    const departures = this.#departures;
    const request = {
      params: raw.params as Record<string, string>,
      query,
      body: body as JsonObject,
      user,
      origin,
      board,
      ip,
      method: raw.method,
      target: raw.raw.url ?? '',
      userAgent,
      header: (name: string) => raw.headers[name.toLowerCase()]?.toString(),
      // Few handlers ask for these, which cost more than all the rest.
      get bodyText() {
        return raw.body instanceof Uint8Array ? Buffer.from(raw.body).toString() : '';
      },
      get stream() {
        return spec.body === 'stream' ? (raw.raw as Readable) : Readable.from([]);
      },
      get signal() {
        return departures.signalFor(raw.raw, answer.raw);
      },
    };
    // Held until there is an answer; that is charged by its length.
    using _ =
      spec.memory === undefined
        ? undefined
        : await this.#parts.memory?.admission.admit('answer', spec.memory, request.signal);
    // `spec.auth` decides what `user` is; the requester above was made by the same rule.
    const result = await spec.handle(
      request as EndpointRequest<string, JsonObject, Requester & undefined> & { board: undefined },
    );
    return send(raw, answer, result);
  }

  /** The body, and the server that signed it where the endpoint is for servers. */
  async #read(spec: Endpoint, raw: FastifyRequest): Promise<{ origin: ServerName | undefined; body: unknown }> {
    if (spec.auth === 'server') return readSignedRequest(this.#parts, spec, raw);
    return { origin: undefined, body: spec.body === 'stream' ? {} : await bodyOf(spec, raw) };
  }

  async #requester(
    { auth, allowLocked = false }: Endpoint,
    raw: FastifyRequest,
    query: Query,
    ip: string,
    userAgent: string | undefined,
  ) {
    if (auth === 'none' || auth === 'server' || auth === 'board') return undefined;
    const token = accessToken(raw, query);
    if (token === undefined) {
      if (auth === 'optional') return undefined;
      throw new MatrixError('M_MISSING_TOKEN', 'This endpoint needs an access token.');
    }
    const requester = await this.#parts.authenticate(token, { ip, userAgent, query, allowLocked });
    if (auth === 'admin' && !requester.isAdmin)
      throw new MatrixError('M_FORBIDDEN', 'You are not a server administrator.');
    return requester;
  }

  async #beforeAll(request: FastifyRequest, answer: FastifyReply): Promise<unknown> {
    // A connection that is kept would be closed under a request that comes just then.
    if (this.#isDraining) answer.header('connection', 'close');
    const charge = this.#parts.memory?.charges.begin();
    if (charge !== undefined) {
      request.charge = charge;
      answer.raw.once('close', () => charge[Symbol.dispose]());
    }
    if (allowOrigins(request, answer) && request.method === 'OPTIONS') return answer.code(204).send();
    return undefined;
  }

  #notFound(request: FastifyRequest, answer: FastifyReply): unknown {
    const methods = this.routes.methodsAt(request.url.split('?')[0] ?? '');
    const status = methods.length > 0 ? 405 : 404;
    if (status === 405) answer.header('allow', methods.join(', '));
    return sendJson(answer.code(status), {
      errcode: 'M_UNRECOGNIZED',
      error: 'There is no such endpoint on this server.',
    });
  }

  #observe(request: FastifyRequest, answer: FastifyReply): void {
    const route = request.routeOptions.url ?? 'unknown';
    this.#parts.observe?.(route, request.method, answer.statusCode, answer.elapsedTime);
  }

  /** While memory is critical, those who wait are sent away. Their connections stay: one that is closed is tried anew. */
  #pressed(level: MemoryLevel): void {
    if (level !== 'critical') this.#departures.reopen();
    else this.#departures.drain(new BudgetFullError('requests', 'memory is critical', SENT_AWAY_MS));
  }

  /** New connections get this certificate; those that are open keep theirs. @throws when the two do not fit together */
  renewCertificate({ cert, key }: TlsCertificate): void {
    if (this.app.server instanceof TlsServer) this.app.server.setSecureContext({ cert, key, minVersion: 'TLSv1.2' });
  }

  async listen(host: string, port: number): Promise<string> {
    return this.app.listen({ host, port, backlog: BACKLOG });
  }

  /** Goes on answering, but tells whoever asks for its health to send what is new to others. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Answers what waits, then closes. */
  async close(): Promise<void> {
    this.drain();
    this.#memoryWatch?.[Symbol.dispose]();
    this.#departures.drain();
    this.#closeSilent();
    // Connections that are idle are closed at once; those that come to be so would be kept for others to use, and waited for.
    this.app.server.keepAliveTimeout = 1;
    this.app.server.keepAliveTimeoutBuffer = 0;
    await this.app.close();
  }
}

/** HEAD (RFC 9110 section 9.3.2), which monitors ask with: Node.js leaves out the body, since it knows what was asked. */
function headAsGet(request: IncomingMessage): string {
  if (request.method === 'HEAD') request.method = 'GET';
  return request.url ?? '/';
}

/** A path with the names that it is about. */
function filledIn(path: string, params: unknown): string {
  return path.replace(/:(\w+)/g, (_, name: string) => (params as Readonly<Record<string, string>>)[name] ?? '');
}

const HEADERS_MS = 20_000;
/** Node.js looks this often for requests that take too long. */
const CHECK_MS = 5000;

/** As if it were plain HTTP always: the types would carry the difference everywhere, and no handler looks at it. */
function transportOf({ certificate, boardAuthority, exposed }: HttpParts): { readonly http: ServerOptions } {
  const slowest = exposed?.requestMs ?? HEADERS_MS;
  const http: ServerOptions = {
    headersTimeout: Math.min(HEADERS_MS, slowest),
    connectionsCheckingInterval: Math.min(CHECK_MS, slowest / 4),
    maxHeaderSize: 32_768,
  };
  if (certificate === undefined) return { http };
  // Who shows no certificate, or another one, may be somebody who wants to join.
  const boards = boardAuthority && { ca: boardAuthority, requestCert: true, rejectUnauthorized: false };
  const https = { ...http, ...certificate, ...boards, minVersion: 'TLSv1.2' };
  return { https } as unknown as { readonly http: ServerOptions };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The handler reads the body itself. */
    stream?: boolean;
  }
}

function queryText(raw: FastifyRequest): string {
  const at = raw.url.indexOf('?');
  return at < 0 ? '' : raw.url.slice(at + 1);
}

async function bodyOf(spec: Endpoint, raw: FastifyRequest): Promise<unknown> {
  if (spec.method === 'GET') return {};
  const read = readJsonBody(raw.body instanceof Uint8Array ? raw.body : new Uint8Array(), spec.strictJson ?? false);
  // nheko logs out with it. What is put is the content of something, which null cannot be.
  const value = read === null && spec.method === 'POST' ? {} : read;
  await checkBody(spec.body === 'stream' ? undefined : spec.body, value);
  return value;
}

/** The header wins over the query parameter, which the specification still lists as deprecated. */
function accessToken(raw: FastifyRequest, query: Query): string | undefined {
  const header = raw.headers.authorization;
  if (header === undefined) return query.get('access_token');
  const [, token] = /^Bearer +(\S+)$/i.exec(header) ?? [];
  if (token === undefined)
    throw new MatrixError('M_MISSING_TOKEN', 'The Authorization header must read "Bearer TOKEN".');
  return token;
}

/** @throws BudgetFullError when the answer is too large for the moment */
function send({ charge }: FastifyRequest, answer: FastifyReply, result: object | Reply): FastifyReply {
  if (!isReply(result)) {
    const bytes = jsonBytes(result);
    charge?.answer(bytes.length);
    return answer.header('content-type', JSON_TYPE).send(bytes);
  }
  const { status = 200, headers = {}, body } = result;
  const payload = body instanceof Readable || Buffer.isBuffer(body) ? body : Buffer.from(body);
  if (payload instanceof Readable) {
    chargeStream(charge, payload, headers['content-length']);
    // What is written while it is made is not collected by an nginx in front, whose own memory and disk it would fill.
    answer.header('x-accel-buffering', 'no');
  } else charge?.answer(payload.length);
  return answer.code(status).header('content-type', JSON_TYPE).headers(headers).send(payload);
}

/** @throws BudgetFullError */
function chargeStream(charge: RequestCharge | undefined, stream: Readable, length: string | undefined): void {
  try {
    charge?.streamAnswer(length === undefined ? undefined : Number(length));
  } catch (error) {
    // Nobody will read it, and it holds a file or a connection.
    stream.destroy();
    throw error;
  }
}

async function readBody(request: FastifyRequest, payload: Readable): Promise<Buffer | undefined> {
  if (request.routeOptions.config.stream === true) return undefined;
  return readWhole(request, payload, request.routeOptions.bodyLimit ?? DEFAULT_BODY_LIMIT);
}
