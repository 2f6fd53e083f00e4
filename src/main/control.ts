import { closeSync, openSync, readdirSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { createServer, request } from '../base/node-http.ts';
import { RefusedError } from '../cli/admin-server.ts';
import type { Status } from '../cli/status-text.ts';
import type { DatabaseHealth } from '../db/database-health.ts';

/** The socket in the data folder through which commands reach a running server. Only the folder's owner gets there. */
const SOCKET = /^control(-.*)?\.sock$/;

/** Processes of one server share its data folder, each under a name of its own. */
function socketName(process: string | undefined): string {
  return process === undefined ? 'control.sock' : `control-${process}.sock`;
}

const MOST_WAIT_MS = 5000;

/** The longest path that fits into a socket address. */
const LONGEST_ADDRESS = 100;

/** A long path is reached through the folder's descriptor, whose name is short. */
function withAddress(folder: string, socket: string): { readonly address: string } & Disposable {
  const plain = join(folder, socket);
  if (Buffer.byteLength(plain) <= LONGEST_ADDRESS) return { address: plain, [Symbol.dispose]() {} };
  const descriptor = openSync(folder, 'r');
  return { address: `/proc/self/fd/${descriptor}/${socket}`, [Symbol.dispose]: () => closeSync(descriptor) };
}

/** What commands ask of a running server. */
export interface ControlParts {
  status(): Promise<Status>;
  /** What is measured only for somebody who asks what is wrong. */
  health(): Promise<OwnHealth>;
  /** Everything else: the administration, made when somebody asks for it first. */
  administer(): Promise<(request: IncomingMessage, answer: ServerResponse) => void>;
}

const STATUS_PATH = '/status';
const HEALTH_PATH = '/health';

/** How the database does, and what time others have. */
export interface OwnHealth {
  readonly database: DatabaseHealth;
  /** Undefined where this server keeps to itself. */
  readonly clocks?: { readonly servers: number; readonly aheadMs: number } | undefined;
}

/** Answers commands. To be called by whoever holds the folder's lock: it removes a socket that was left behind. */
export async function listenControl(
  folder: string,
  process: string | undefined,
  parts: ControlParts,
): Promise<AsyncDisposable> {
  const socket = socketName(process);
  rmSync(join(folder, socket), { force: true });
  const server = createServer((request, answer) => {
    const failed = (error: unknown) => answer.writeHead(500).end(JSON.stringify({ error: String(error) }));
    const told = (found: unknown) => answer.end(JSON.stringify(found));
    if (request.url === STATUS_PATH) parts.status().then(told, failed);
    else if (request.url === HEALTH_PATH) parts.health().then(told, failed);
    else parts.administer().then(handle => handle(request, answer), failed);
  });
  const reached = withAddress(folder, socket);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(reached.address, resolve);
  });
  server.unref();
  return {
    async [Symbol.asyncDispose]() {
      await new Promise(resolve => server.close(resolve));
      reached[Symbol.dispose]();
    },
  };
}

export interface ControlRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Milliseconds; an answer that takes longer is none. */
  readonly timeoutMs?: number;
}

export interface ControlAnswer {
  readonly status: number;
  readonly text: string;
}

/** Asks the server that runs on `folder`, of several processes any; undefined when none does. */
export async function askServer(folder: string, asked: ControlRequest): Promise<ControlAnswer | undefined> {
  const sockets = socketsIn(folder);
  for (const socket of sockets) {
    // One that is frozen takes a connection and never answers.
    if (sockets.length > 1 && !(await isAwake(folder, socket))) continue;
    const answer = await ask(folder, socket, asked);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

async function isAwake(folder: string, socket: string): Promise<boolean> {
  const asked = { path: STATUS_PATH, timeoutMs: MOST_WAIT_MS };
  return ask(folder, socket, asked).then(
    answer => answer !== undefined,
    () => false,
  );
}

/** @throws RefusedError where it is not for this user to know */
function socketsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter(name => SOCKET.test(name))
      .sort();
  } catch (error) {
    if (isForbidden(error)) throw forbidden(folder);
    return [];
  }
}

function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function forbidden(folder: string): RefusedError {
  return new RefusedError('M_FORBIDDEN', `${folder} belongs to somebody else. Run this as its owner, or with sudo.`);
}

async function ask(folder: string, socket: string, asked: ControlRequest): Promise<ControlAnswer | undefined> {
  using reached = withAddress(folder, socket);
  const { method = 'GET', path, headers = {}, body, timeoutMs } = asked;
  return await new Promise((resolve, reject) => {
    // Without it Node.js sends the body of a DELETE as if it were another request.
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options = {
      socketPath: reached.address,
      path,
      method,
      headers: { ...headers, ...length },
      agent: false,
      timeout: timeoutMs,
    };
    const asking = request(options, async answer => {
      try {
        resolve({ status: answer.statusCode ?? 0, text: (await answer.toArray()).join('') });
      } catch (error) {
        reject(error);
      }
    });
    asking.on('timeout', () => asking.destroy(new Error('The server does not answer.')));
    asking.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined);
      else reject(isForbidden(error) ? forbidden(folder) : error);
    });
    asking.end(body);
  });
}

/** How the server that runs on `folder` does; undefined when none does, or one that does not say. */
export async function askHealth(folder: string): Promise<OwnHealth | undefined> {
  const answer = await askServer(folder, { path: HEALTH_PATH, timeoutMs: 4 * MOST_WAIT_MS });
  return answer?.status === 200 ? (JSON.parse(answer.text) as OwnHealth) : undefined;
}

/** The status of the server that runs on `folder`; undefined when none does. @throws RefusedError where it cannot tell */
export async function askControl(folder: string): Promise<Status | undefined> {
  const answer = await askServer(folder, { path: STATUS_PATH, timeoutMs: MOST_WAIT_MS });
  if (answer === undefined) return undefined;
  if (answer.status !== 200)
    throw new RefusedError('M_UNKNOWN', `The server runs, but cannot tell how it is: ${reasonIn(answer.text)}`);
  return JSON.parse(answer.text) as Status;
}

function reasonIn(text: string): string {
  const { error } = JSON.parse(text) as { readonly error?: string };
  return error ?? text;
}
