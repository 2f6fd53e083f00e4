/** JSON of which tests read what they expect. */
export interface Loose {
  readonly [key: string]: Loose;
}

export interface User {
  readonly id: string;
  readonly deviceId: string;
  readonly token: string;
}

export interface Answer {
  readonly status: number;
  readonly body: Loose;
}

/** No answer came: the server may have done what it was asked, or not. */
export class UnansweredError extends Error {
  constructor(cause: unknown) {
    super('no answer came', { cause });
    this.name = 'UnansweredError';
  }
}

/** The server answered with an error. */
export class RefusedError extends Error {
  readonly status: number;
  readonly body: Loose;

  constructor(request: string, { status, body }: Answer) {
    super(`${request}: ${status} ${JSON.stringify(body)}`);
    this.name = 'RefusedError';
    this.status = status;
    this.body = body;
  }
}

export interface Request {
  readonly token?: string;
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
}

/** A server that says nothing for so long hangs. */
const LONGEST_ANSWER_MS = 60_000;

/** The client-server API of one server. Every path is below `/_matrix/client/v3`, but those that begin with `/_`. */
export class Api {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** @throws UnansweredError, RefusedError */
  async ok(method: string, path: string, request: Request = {}): Promise<Loose> {
    const answer = await this.answer(method, path, request);
    if (answer.status !== 200) throw new RefusedError(`${method} ${path}`, answer);
    return answer.body;
  }

  /** @throws UnansweredError */
  async answer(method: string, path: string, request: Request = {}): Promise<Answer> {
    const { status, bytes } = await this.bytes(method, path, request);
    return { status, body: JSON.parse(Buffer.from(bytes).toString() || '{}') as Loose };
  }

  /** @throws UnansweredError */
  async bytes(method: string, path: string, { token, body, query }: Request = {}) {
    const url = new URL(path.startsWith('/_') ? path : `/_matrix/client/v3${path}`, this.#url);
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const sent = body instanceof Uint8Array ? Buffer.from(body) : body === undefined ? null : JSON.stringify(body);
    try {
      const answer = await fetch(url, { method, headers, body: sent, signal: AbortSignal.timeout(LONGEST_ANSWER_MS) });
      return { status: answer.status, bytes: new Uint8Array(await answer.arrayBuffer()) };
    } catch (error) {
      throw new UnansweredError(error);
    }
  }

  async register(name: string): Promise<User> {
    const body = { username: name, password: 'correct horse', auth: { type: 'm.login.dummy' } };
    const made = await this.ok('POST', '/register', { body });
    return { id: text(made.user_id), deviceId: text(made.device_id), token: text(made.access_token) };
  }
}

export function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`a text was expected, not ${JSON.stringify(value)}`);
  return value;
}

export function list(value: unknown): readonly Loose[] {
  return Array.isArray(value) ? (value as Loose[]) : [];
}
