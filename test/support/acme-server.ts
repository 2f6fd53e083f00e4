import { createHash, createPublicKey, type JsonWebKey, type KeyObject, randomBytes, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { TestAuthority } from './certificates.ts';

/** What of a request was verified. */
interface Signed {
  readonly path: string;
  readonly payload: string;
  readonly key: KeyObject;
  readonly thumbprint: string;
}

interface Order {
  readonly names: readonly string[];
  state: 'pending' | 'ready' | 'valid';
  certificate: string;
}

const PREFIX = 'urn:ietf:params:acme:error:';
/** The beginning of each public key of the curve P-256 in DER; 65 bytes of the point follow. */
const P256 = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');

/** A certificate authority that speaks ACME (RFC 8555) and can be told to misbehave. Nothing of a request is believed unseen. */
export class AcmeServer implements AsyncDisposable {
  readonly authority = new TestAuthority();
  /** Where names lead: the port of 127.0.0.1 at which challenges are fetched. */
  challengePort = 0;
  /** How long a certificate is good, and since when. */
  from = 0;
  daysGood = 90;
  now: () => number = () => 0;
  /** So many nonces are refused although they are good. */
  badNonces = 0;
  /** Answered to the next orders: an error with that type and header. */
  refusal: { readonly type: string; readonly detail: string; readonly retryAfter?: number } | undefined;
  issued = 0;
  readonly orders: Order[] = [];
  readonly contacts: unknown[] = [];
  readonly #nonces = new Set<string>();
  readonly #accounts: { key: KeyObject; thumbprint: string }[] = [];
  readonly #authorized = new Map<string, { status: string; token: string; error?: object }>();
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));

  async start(port = 0): Promise<this> {
    await new Promise<void>(resolve => this.#server.listen(port, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const nonce = randomBytes(12).toString('base64url');
    this.#nonces.add(nonce);
    response.setHeader('replay-nonce', nonce);
    const send = (status: number, body: unknown, headers: Record<string, string> = {}) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    if (path === '/directory') return send(200, this.#directory());
    if (path === '/nonce') return send(200, '');
    try {
      const signed = this.#verified(path, await text(request));
      const { status = 200, body, headers } = await this.#carryOut(signed);
      send(status, body, headers);
    } catch (error) {
      const { type = 'malformed', retryAfter } = error as { type?: string; retryAfter?: number };
      const headers = retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}` };
      send(type === 'rateLimited' ? 429 : 400, { type: PREFIX + type, detail: (error as Error).message }, headers);
    }
  }

  #directory() {
    const { url } = this;
    return { newNonce: `${url}/nonce`, newAccount: `${url}/account`, newOrder: `${url}/order` };
  }

  /** RFC 8555, sections 6.2 to 6.5. */
  #verified(path: string, body: string): Signed {
    const jws = JSON.parse(body) as { protected: string; payload: string; signature: string };
    const header = JSON.parse(Buffer.from(jws.protected, 'base64url').toString()) as Record<string, unknown>;
    if (header.alg !== 'ES256') refuse('badSignatureAlgorithm', 'only ES256');
    if (header.url !== `${this.url}${path}`) refuse('unauthorized', `signed for ${header.url}`);
    const isKnown = this.#nonces.delete(String(header.nonce));
    if (!isKnown || this.badNonces-- > 0) refuse('badNonce', 'this nonce is not good');
    this.badNonces = Math.max(this.badNonces, 0);
    const isNew = path === '/account';
    if ((header.jwk !== undefined) !== isNew || (header.kid === undefined) !== isNew) refuse('malformed', 'jwk or kid');
    const known = isNew
      ? accountOf(header.jwk as JsonWebKey)
      : this.#accounts[Number(String(header.kid).split('/').at(-1))];
    if (known === undefined) return refuse('accountDoesNotExist', 'nobody');
    const data = Buffer.from(`${jws.protected}.${jws.payload}`);
    const signature = Buffer.from(jws.signature, 'base64url');
    if (!verify('sha256', data, { key: known.key, dsaEncoding: 'ieee-p1363' }, signature))
      refuse('malformed', 'the signature is wrong');
    return { path, payload: Buffer.from(jws.payload, 'base64url').toString(), ...known };
  }

  async #carryOut(signed: Signed): Promise<{ status?: number; body: unknown; headers?: Record<string, string> }> {
    const { path, payload } = signed;
    const [, kind, id = ''] = path.split('/');
    const { url } = this;
    if (kind === 'account') {
      const wanted = JSON.parse(payload) as { termsOfServiceAgreed?: boolean; contact?: unknown };
      if (wanted.termsOfServiceAgreed !== true) refuse('userActionRequired', 'agree to the terms');
      this.contacts.push(wanted.contact);
      const at = this.#accounts.push({ key: signed.key, thumbprint: signed.thumbprint }) - 1;
      return { status: 201, body: { status: 'valid' }, headers: { location: `${url}/account/${at}` } };
    }
    if (kind === 'order' && id === '') return this.#newOrder(payload);
    if (kind === 'auth') return { body: this.#authorization(id) };
    if (kind === 'challenge') return { body: await this.#challenge(id, payload, signed.thumbprint) };
    const order = this.orders[Number(id)];
    if (order === undefined) return refuse('malformed', 'no such order');
    if (kind === 'finalize') this.#finalize(order, (JSON.parse(payload) as { csr: string }).csr);
    if (kind === 'certificate') return { body: order.certificate };
    return { body: this.#orderBody(order, id) };
  }

  #newOrder(payload: string) {
    const { refusal } = this;
    if (refusal !== undefined) refuse(refusal.type, refusal.detail, refusal.retryAfter);
    const { identifiers } = JSON.parse(payload) as { identifiers: { type: string; value: string }[] };
    const names = identifiers.map(({ type, value }) => (type === 'dns' ? value : refuse('malformed', type)));
    for (const name of names)
      this.#authorized.set(name, { status: 'pending', token: randomBytes(16).toString('base64url') });
    const order: Order = { names, state: 'pending', certificate: '' };
    const at = String(this.orders.push(order) - 1);
    return { status: 201, body: this.#orderBody(order, at), headers: { location: `${this.url}/order/${at}` } };
  }

  #orderBody({ names, state }: Order, at: string) {
    const { url } = this;
    const certificate = state === 'valid' ? { certificate: `${url}/certificate/${at}` } : {};
    const authorizations = names.map(name => `${url}/auth/${name}`);
    return { status: state, authorizations, finalize: `${url}/finalize/${at}`, ...certificate };
  }

  #authorization(name: string) {
    const { status, token, error } = this.#authorized.get(name) ?? refuse('malformed', 'no such name');
    const challenge = { type: 'http-01', url: `${this.url}/challenge/${name}`, token, status, ...(error && { error }) };
    return { identifier: { type: 'dns', value: name }, status, challenges: [{ type: 'dns-01' }, challenge] };
  }

  async #challenge(name: string, payload: string, thumbprint: string) {
    const entry = this.#authorized.get(name) ?? refuse('malformed', 'no such name');
    // What only reads the challenge has no payload.
    if (payload !== '{}') return this.#authorization(name).challenges[1];
    const url = `http://127.0.0.1:${this.challengePort}/.well-known/acme-challenge/${entry.token}`;
    const found = await fetch(url).then(
      async answer => (answer.ok ? await answer.text() : `status ${answer.status}`),
      () => 'connection refused',
    );
    entry.status = found === `${entry.token}.${thumbprint}` ? 'valid' : 'invalid';
    if (entry.status === 'invalid')
      entry.error = { type: `${PREFIX}unauthorized`, detail: `Invalid response: ${found}` };
    return this.#authorization(name).challenges[1];
  }

  #finalize(order: Order, csr: string): void {
    if (!order.names.every(name => this.#authorized.get(name)?.status === 'valid')) refuse('orderNotReady', 'not yet');
    const publicKey = keyOfRequest(Buffer.from(csr, 'base64url'), order.names);
    const from = this.now();
    order.certificate = this.authority.certify(publicKey, order.names, from, from + this.daysGood * 86_400_000);
    order.state = 'valid';
    this.issued++;
  }
}

function accountOf(jwk: JsonWebKey): { key: KeyObject; thumbprint: string } {
  const { crv, kty, x, y } = jwk;
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { key: createPublicKey({ key: jwk, format: 'jwk' }), thumbprint };
}

function refuse(type: string, message: string, retryAfter?: number): never {
  throw Object.assign(new Error(message), { type, retryAfter });
}

/** The key of a PKCS #10 request that is signed with it and names what was ordered. */
function keyOfRequest(csr: Buffer, names: readonly string[]): KeyObject {
  const at = csr.indexOf(P256);
  const publicKey = createPublicKey({ key: csr.subarray(at, at + P256.length + 65), format: 'der', type: 'spki' });
  const info = element(csr.subarray(headLength(csr)));
  const rest = csr.subarray(headLength(csr) + info.length);
  const signature = element(rest.subarray(element(rest).length));
  // The signature is a bit string, with the number of unused bits in front.
  if (!verify('sha256', info, publicKey, signature.subarray(3)))
    refuse('badCSR', 'the request is not signed with its key');
  for (const name of names)
    if (!info.includes(Buffer.from(name))) refuse('badCSR', `the request does not name ${name}`);
  return publicKey;
}

function headLength(bytes: Buffer): number {
  const first = bytes[1] ?? 0;
  return first < 128 ? 2 : 2 + (first & 127);
}

function element(bytes: Buffer): Buffer {
  const head = headLength(bytes);
  const length = head === 2 ? (bytes[1] ?? 0) : bytes.readUIntBE(2, head - 2);
  return bytes.subarray(0, head + length);
}
