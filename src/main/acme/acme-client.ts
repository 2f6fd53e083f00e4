import { createHash, type KeyObject, sign } from 'node:crypto';
import { jsonIfValid } from '../../base/if-readable.ts';
import { getString, isObject, type JsonObject } from '../../core/json.ts';
import { AcmeError } from './acme-error.ts';
import type { AcmeAnswer, Ask } from './ask.ts';

export interface AcmeClientParts {
  readonly ask: Ask;
  /** The URL of the authority's directory. */
  readonly directory: string;
  /** The account's private key, of the curve P-256. */
  readonly accountKey: KeyObject;
  /** Whom the authority may write to. */
  readonly email: string | undefined;
}

export interface AcmeReply {
  readonly body: JsonObject;
  readonly text: string;
  /** `Location`: what was made. */
  readonly location: string | undefined;
  /** `Retry-After` in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/** A nonce that the authority does not take is no fault of ours (RFC 8555, section 6.5). */
const MOST_NONCES = 4;
const PREFIX = 'urn:ietf:params:acme:error:';

/** Signed requests to a certificate authority (RFC 8555, section 6), under an account that is made when it is needed. */
export class AcmeClient {
  readonly #parts: AcmeClientParts;
  readonly #jwk: JsonObject;
  #directory: JsonObject | undefined;
  #account: string | undefined;
  #nonce: string | undefined;

  constructor(parts: AcmeClientParts) {
    this.#parts = parts;
    const { crv, kty, x, y } = parts.accountKey.export({ format: 'jwk' }) as Record<string, string>;
    // In this order: the thumbprint is of this text (RFC 7638).
    this.#jwk = { crv: crv ?? '', kty: kty ?? '', x: x ?? '', y: y ?? '' };
  }

  /** What a challenge is answered with (section 8.1). */
  keyAuthorization(token: string): string {
    return `${token}.${createHash('sha256').update(JSON.stringify(this.#jwk)).digest('base64url')}`;
  }

  /** The URL of one of the authority's services, such as `newOrder`. @throws AcmeError */
  async service(name: string, signal: AbortSignal): Promise<string> {
    this.#directory ??= (await this.#plain(this.#parts.directory, signal)).body;
    const url = getString(this.#directory, name);
    if (url === undefined)
      throw new AcmeError(`${this.#parts.directory} is no directory of an ACME server: no ${name}`);
    return url;
  }

  /** A request under the account; without a payload it only reads (section 6.3). @throws AcmeError */
  async post(url: string, payload: JsonObject | undefined, signal: AbortSignal): Promise<AcmeReply> {
    this.#account ??= await this.#register(signal);
    return this.#signed(url, payload, { kid: this.#account }, signal);
  }

  async #register(signal: AbortSignal): Promise<string> {
    const { email } = this.#parts;
    const contact = email === undefined ? {} : { contact: [`mailto:${email}`] };
    const url = await this.service('newAccount', signal);
    const { location } = await this.#signed(
      url,
      { termsOfServiceAgreed: true, ...contact },
      { jwk: this.#jwk },
      signal,
    );
    if (location === undefined) throw new AcmeError('the authority made no account');
    return location;
  }

  async #signed(url: string, payload: JsonObject | undefined, by: JsonObject, signal: AbortSignal): Promise<AcmeReply> {
    for (let tries = 1; ; tries++) {
      const nonce = this.#nonce ?? (await this.#freshNonce(signal));
      this.#nonce = undefined;
      const body = this.#jws({ alg: 'ES256', nonce, url, ...by }, payload);
      const answer = await this.#parts.ask({ method: 'POST', url, body }, signal);
      this.#nonce = answer.header('replay-nonce');
      try {
        return replyOf(answer);
      } catch (error) {
        if (!(error instanceof AcmeError) || error.kind !== 'badNonce' || tries >= MOST_NONCES) throw error;
      }
    }
  }

  #jws(header: JsonObject, payload: JsonObject | undefined): string {
    const protectedPart = Buffer.from(JSON.stringify(header)).toString('base64url');
    const payloadPart = payload === undefined ? '' : Buffer.from(JSON.stringify(payload)).toString('base64url');
    const key = { key: this.#parts.accountKey, dsaEncoding: 'ieee-p1363' } as const;
    const signature = sign('sha256', Buffer.from(`${protectedPart}.${payloadPart}`), key).toString('base64url');
    return JSON.stringify({ protected: protectedPart, payload: payloadPart, signature });
  }

  async #freshNonce(signal: AbortSignal): Promise<string> {
    const url = await this.service('newNonce', signal);
    const nonce = (await this.#parts.ask({ method: 'HEAD', url }, signal)).header('replay-nonce');
    if (nonce === undefined) throw new AcmeError('the authority gives no nonce');
    return nonce;
  }

  async #plain(url: string, signal: AbortSignal): Promise<AcmeReply> {
    return replyOf(await this.#parts.ask({ method: 'GET', url }, signal));
  }
}

/** @throws AcmeError where the answer is a problem document (RFC 7807) or an error of something between */
function replyOf({ status, header, text }: AcmeAnswer): AcmeReply {
  const body = parse(text);
  const retryAfterMs = retryAfter(header('retry-after'));
  if (status >= 200 && status < 300) return { body, text, location: header('location'), retryAfterMs };
  throw problem(body, `the authority answered with status ${status}`, retryAfterMs);
}

/** What the authority says went wrong, as an error. */
export function problem(body: JsonObject, otherwise: string, retryAfterMs?: number): AcmeError {
  const kind = getString(body, 'type')?.replace(PREFIX, '');
  const about = getString(body, 'detail') ?? otherwise;
  return new AcmeError(kind === undefined ? about : `${about} (${kind})`, { kind, retryAfterMs });
}

function parse(text: string): JsonObject {
  const body = jsonIfValid(text) as JsonObject | undefined;
  return isObject(body) ? body : {};
}

/** Seconds; a date is not asked for by authorities that are in use. */
function retryAfter(value: string | undefined): number | undefined {
  const seconds = Number(value);
  return value !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
