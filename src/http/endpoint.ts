import type { Readable } from 'node:stream';
import type { Static, TSchema } from 'typebox';
import type { LimitName } from '../accounts/rate-limits.ts';
import type { Requester } from '../accounts/requester.ts';
import type { BoardPeer } from '../cluster/boards/roster.ts';
import type { ServerName } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Query } from './query.ts';
import type { RequestRole } from './role.ts';

/** The names of the `:parts` of a path template. */
export type PathParams<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | PathParams<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

/**
 * Who may call: anybody, anybody but known if a token is given, a user, a server administrator; another server, by the
 * signature over its request; or a board of the cluster, by the certificate of its connection.
 */
export type Auth = 'none' | 'optional' | 'user' | 'admin' | 'server' | 'board';

export interface EndpointRequest<Path extends string, Body, Who, Origin = undefined, From = undefined> {
  /** Percent-decoded parts of the path. */
  readonly params: Readonly<Record<PathParams<Path>, string>>;
  readonly query: Query;
  /** The parsed body, checked against the endpoint's schema; `{}` where none was sent. */
  readonly body: Body;
  readonly user: Who;
  /** The server that signed the request: only where the endpoint says `auth: 'server'`. */
  readonly origin: Origin;
  /** The board that holds the connection: only where the endpoint says `auth: 'board'`. */
  readonly board: From;
  /** The client's address, through trusted proxies only. */
  readonly ip: string;
  readonly method: string;
  /** The request target as it stands in the request line: nothing decoded, nothing normalised. */
  readonly target: string;
  readonly userAgent: string | undefined;
  readonly header: (name: string) => string | undefined;
  /** The text of the JSON body as it came: what parsing forgets of numbers and doubled keys is in it. */
  readonly bodyText: string;
  /** The unparsed body as a stream: only where the endpoint says `body: 'stream'`. */
  readonly stream: Readable;
  /** Aborts when the client goes away or the server drains. */
  readonly signal: AbortSignal;
}

/** The body limit where an endpoint says nothing, in bytes. */
export const DEFAULT_BODY_LIMIT = 1024 * 1024;

/** `EndpointSpec.memory` of a page of events: a megabyte of text, as stored, as the client gets it, and written. */
export const PAGE_OF_EVENTS = 4 * 1024 * 1024;

/** A brand that no JSON written by a user can carry. */
const REPLY = Symbol('reply');

/** An answer that is not simply a JSON object with status 200. */
export interface Reply {
  readonly [REPLY]: true;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string or bytes are sent as they are; JSON unless `headers` say otherwise. */
  readonly body: string | Uint8Array | Readable;
}

/** Builds a `Reply`. */
export function reply(parts: Omit<Reply, typeof REPLY>): Reply {
  return { [REPLY]: true, ...parts };
}

/** Whether a handler's result is a `Reply` rather than the JSON to send. */
export function isReply(result: object): result is Reply {
  return REPLY in result;
}

type Who<A extends Auth> = A extends 'none' | 'server' | 'board'
  ? undefined
  : A extends 'optional'
    ? Requester | undefined
    : Requester;
type OriginOf<A extends Auth> = A extends 'server' ? ServerName : undefined;
type BoardOf<A extends Auth> = A extends 'board' ? BoardPeer : undefined;
type BodyOf<B> = B extends TSchema ? Static<B> : B extends 'stream' ? undefined : JsonObject;

export interface EndpointSpec<Path extends string, A extends Auth, B extends TSchema | 'stream' | undefined> {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** `/v3/` paths are served as `/r0/` too. */
  readonly path: Path;
  /** Further templates with the same `:parts` (unstable prefixes, a trailing slash). */
  readonly alsoAt?: readonly string[];
  readonly auth: A;
  /** Which role answers it, where that is not the role of its group (`servedBy`). */
  readonly role?: RequestRole;
  /** Another role answers requests that have not this parameter. */
  readonly without?: { readonly parameter: string; readonly role: RequestRole };
  /** Which rate limit counts the request, by user where known, else by address. */
  readonly limit?: LimitName;
  /** Schema of the JSON body; `'stream'` leaves the body unread. */
  readonly body?: B;
  /** Numbers and keys of the body are checked as canonical JSON needs them (events). */
  readonly strictJson?: boolean;
  /** The largest body in bytes; `DEFAULT_BODY_LIMIT` unless said. A streamed body is counted by the handler. */
  readonly bodyLimit?: number;
  /**
   * What making its answer may hold, in bytes: it waits until that is free. For what answers with many events or rooms.
   */
  readonly memory?: number;
  /** It changes nothing, whatever its method: nobody needs to note who called it. */
  readonly changesNothing?: boolean;
  /** Deactivated, locked or suspended accounts may call it. */
  readonly allowLocked?: boolean;
  readonly handle: (
    request: EndpointRequest<Path, BodyOf<B>, Who<A>, OriginOf<A>, BoardOf<A>>,
  ) => Promise<object | Reply>;
}

/** An endpoint with its types forgotten: what the server registers. */
export type Endpoint = EndpointSpec<string, Auth, TSchema | 'stream' | undefined>;

/** Declares an endpoint: route, authentication, limits, body and handler in one place. */
export function endpoint<Path extends string, A extends Auth, B extends TSchema | 'stream' | undefined = undefined>(
  spec: EndpointSpec<Path, A, B>,
): Endpoint {
  return spec as unknown as Endpoint;
}

/** Every path that an endpoint is served at: what is at `/v3/` for clients is at `/r0/` too. */
export function pathsOf(spec: Pick<Endpoint, 'path' | 'alsoAt'>): string[] {
  const paths = [spec.path, ...(spec.alsoAt ?? [])];
  return paths.flatMap(path =>
    /^\/_matrix\/(client|media)\/v3\//.test(path) ? [path, path.replace('/v3/', '/r0/')] : [path],
  );
}
