import { canonicalJson } from './canonical-json.ts';
import { canonicalizeText } from './canonical-text.ts';
import type { EventCrypto, SigningKey } from './crypto.ts';
import { isServerName, type ServerName } from './ids.ts';
import { getObject, getString, type Json, JsonError, type JsonObject } from './json.ts';
import { signJson, verifyText } from './signatures.ts';

/** One `Authorization: X-Matrix` header (server-server API, "Request Authentication"). */
export interface XMatrix {
  readonly origin: ServerName;
  /** Undefined in requests of servers from before version 1.3 of the specification. */
  readonly destination: ServerName | undefined;
  /** Key ID with algorithm. */
  readonly key: string;
  /** Unpadded base64, not decoded. */
  readonly signature: string;
}

const MAX_HEADER_LENGTH = 4096;
/** Every header costs a verification. */
const MAX_HEADERS = 8;
/** RFC 9110, section 5.6.2, and the colon that older servers leave unquoted. */
const VALUE = /[!#$%&'*+\-.^_`|~0-9A-Za-z:/=]+/y;
const NAME = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const QUOTED = /"((?:[^"\\]|\\[\s\S])*)"/y;
const SPACE = /[ \t]*/y;
/** Empty elements of a list are passed over (RFC 9110, section 5.6.1.2). */
const COMMAS = /[ \t,]*/y;
const EQUALS = /[ \t]*=[ \t]*/y;

/**
 * Parses the value of an Authorization header by RFC 9110, section 11.4: scheme and parameter names in any case,
 * values as tokens or quoted. Undefined when it is not X-Matrix, is malformed, names a parameter twice or lacks one.
 * A request may carry several such headers; every one must verify.
 */
export function parseXMatrix(header: string): XMatrix | undefined {
  if (header.length > MAX_HEADER_LENGTH || !/^x-matrix[ \t]/i.test(header)) return undefined;
  const parameters = parseParameters(header, 'x-matrix'.length);
  if (parameters === undefined) return undefined;
  const origin = parameters.get('origin');
  const destination = parameters.get('destination');
  const key = parameters.get('key');
  const signature = parameters.get('sig');
  if (origin === undefined || key === undefined || signature === undefined) return undefined;
  if (!isServerName(origin) || (destination !== undefined && !isServerName(destination))) return undefined;
  if (!key.startsWith('ed25519:') || signature === '') return undefined;
  return { origin, destination: destination as ServerName | undefined, key, signature };
}

/**
 * All X-Matrix headers of one request, which may be several when a server signs with several keys. Undefined when
 * there is none, when one is malformed, or when they disagree about origin or destination. Each has to be verified.
 */
export function parseXMatrixHeaders(headers: readonly string[]): readonly XMatrix[] | undefined {
  const parsed = headers.map(parseXMatrix);
  const first = parsed[0];
  if (first === undefined || parsed.length > MAX_HEADERS) return undefined;
  const agreed = parsed.filter(each => each?.origin === first.origin && each.destination === first.destination);
  return agreed.length === parsed.length ? (agreed as readonly XMatrix[]) : undefined;
}

function parseParameters(header: string, start: number): Map<string, string> | undefined {
  const parameters = new Map<string, string>();
  let at = start;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  for (take(COMMAS); ; ) {
    const name = take(NAME)?.[0].toLowerCase();
    if (name === undefined || parameters.has(name) || take(EQUALS) === null) return undefined;
    const value = header[at] === '"' ? unquote(take(QUOTED)) : take(VALUE)?.[0];
    if (value === undefined) return undefined;
    parameters.set(name, value);
    take(SPACE);
    if (at < header.length && header[at] !== ',') return undefined;
    take(COMMAS);
    if (at === header.length) return parameters;
  }
}

function unquote(match: RegExpExecArray | null): string | undefined {
  return match?.[1]?.replace(/\\([\s\S])/g, '$1');
}

/** The header value for a signed request: one space, lower-case names, every value quoted. */
export function formatXMatrix(header: XMatrix): string {
  const destination = header.destination === undefined ? '' : `destination="${header.destination}",`;
  return `X-Matrix origin="${header.origin}",${destination}key="${header.key}",sig="${header.signature}"`;
}

/** What a request's signature covers. */
export interface SignedRequest {
  readonly method: string;
  /** The request target exactly as it stands in the request line: undecoded path and query. */
  readonly uri: string;
  readonly origin: string;
  /** Undefined only for requests that came without. */
  readonly destination: string | undefined;
  /** The parsed body; undefined when there is none. */
  readonly content: Json | undefined;
}

/** The JSON object that is signed for a request, without signatures. */
export function requestJson(request: SignedRequest): JsonObject {
  const json: JsonObject = { method: request.method, uri: request.uri, origin: request.origin };
  if (request.destination !== undefined) json.destination = request.destination;
  if (request.content !== undefined) json.content = request.content;
  return json;
}

/** A request that came in, as far as its signature covers it. */
export interface ReceivedRequest {
  readonly method: string;
  /** The request target exactly as it stands in the request line: undecoded path and query. */
  readonly uri: string;
  /** The body as it came, which `parseJson(body, 'lenient')` has taken; undefined when there is none. */
  readonly body: string | undefined;
}

/**
 * Whether the header's signature holds for the request. The body is taken as text, since numbers in it may be ones
 * that do not survive parsing: see `canonicalizeText`. Never throws.
 */
export function verifyRequest(
  request: ReceivedRequest,
  header: XMatrix,
  publicKey: Uint8Array,
  crypto: EventCrypto,
): boolean {
  try {
    return verifyText(signedText(request, header), header.signature, publicKey, crypto);
  } catch (error) {
    if (error instanceof JsonError) return false;
    throw error;
  }
}

/** The canonical JSON of `requestJson`, around a body that stays text: its keys are in order already. */
function signedText(request: ReceivedRequest, header: XMatrix): string {
  const rest = { method: request.method, uri: request.uri, origin: header.origin };
  const envelope = canonicalJson(
    header.destination === undefined ? rest : { ...rest, destination: header.destination },
  );
  if (request.body === undefined) return envelope;
  return `{"content":${canonicalizeText(request.body)},${envelope.slice(1)}`;
}

/** The object of a request that came in, with the header's signature in its place, ready for `verifyJson`. */
export function receivedRequestJson(
  request: Omit<SignedRequest, 'origin' | 'destination'>,
  header: XMatrix,
): JsonObject {
  const json = requestJson({ ...request, origin: header.origin, destination: header.destination });
  return { ...json, signatures: { [header.origin]: { [header.key]: header.signature } } };
}

/** The Authorization header for a request of ours. @throws {JsonError} when the content cannot be canonical JSON */
export function signRequest(request: SignedRequest, key: SigningKey): string {
  const signed = signJson(requestJson(request), request.origin, key);
  const signature = getString(getObject(getObject(signed, 'signatures') ?? {}, request.origin) ?? {}, key.keyId) ?? '';
  return formatXMatrix({
    origin: request.origin as ServerName,
    destination: request.destination as ServerName | undefined,
    key: key.keyId,
    signature,
  });
}
