import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type FrontWorld, HOST } from './front-world.ts';

export interface FrontAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The name of the process that answered; undefined where it was none. */
  readonly process: string | undefined;
}

export interface FrontQuestion {
  readonly method?: string;
  /** Latin-1: each character is a byte of the request line. */
  readonly path: string;
  readonly host?: string;
  /** That of clients unless given. */
  readonly port?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
  /** Called with each piece of the answer as it comes. */
  readonly onPiece?: (piece: string) => void;
  /** Connections that are used again; each request has its own unless given. */
  readonly agent?: Agent;
}

const PATIENCE_MS = 60_000;

export const keptConnections = () => new Agent({ keepAlive: true, maxSockets: 4 });

/** Asks the front over TLS, which has to show a certificate for the host. */
export async function askFront(world: FrontWorld, question: FrontQuestion): Promise<FrontAnswer> {
  const { method = 'GET', path, host = HOST, port = world.httpsPort, headers = {}, body, agent, onPiece } = question;
  const sent = request({
    ...{ method, path, port },
    hostname: '127.0.0.1',
    servername: host,
    ca: world.authority.certificate,
    headers: { host, ...headers },
    agent: agent ?? false,
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  if (typeof body === 'object') {
    // Who refuses a body may hang up before its end.
    body.on('error', () => undefined);
    body.pipe(sent);
  } else sent.end(body);
  const [answer] = await answered;
  sent.on('error', () => undefined);
  if (onPiece !== undefined) answer.setEncoding('utf8').on('data', onPiece);
  const said = await text(answer);
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: said, process: processIn(said) };
}

function processIn(said: string): string | undefined {
  try {
    return (JSON.parse(said) as { readonly process?: string }).process;
  } catch {
    return undefined;
  }
}
