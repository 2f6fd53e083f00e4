import { connect } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { type NatsServer, serverText } from './nats-servers.ts';

/** There is no NATS server, or none that says so in time. */
export class NoGreetingError extends Error {
  constructor(server: NatsServer, what: string, cause?: unknown) {
    super(`${serverText(server)} ${what}`, { cause });
    this.name = 'NoGreetingError';
  }
}

/** What a NATS server says of itself before it is asked. */
export interface Greeting {
  /** Whether it wants to know who comes: by a name, a token or a certificate. */
  readonly asksWho: boolean;
}

/** A greeting is about 500 bytes long. */
const LONGEST_GREETING = 16_384;

/**
 * Resolves when there is a NATS server that greets, as each does first of all. The library's own connection to one that
 * stands still (its kernel takes connections all the same) would not be closed before the server goes on: each try would
 * leave one behind.
 *
 * @throws NoGreetingError
 */
export async function waitForGreeting(
  server: NatsServer,
  limits: { readonly clock: Clock; readonly waitMs: number; readonly signal: AbortSignal },
): Promise<Greeting> {
  const { clock, waitMs, signal } = limits;
  const socket = connect({ host: server.host, port: server.port });
  try {
    return await new Promise<Greeting>((resolve, reject) => {
      const fail = (what: string, cause?: unknown) => reject(new NoGreetingError(server, what, cause));
      const timer = clock.after(waitMs, () => fail('does not answer'));
      const stop = () => fail('is not waited for');
      signal.addEventListener('abort', stop, { once: true });
      socket.once('close', () => {
        timer.cancel();
        signal.removeEventListener('abort', stop);
        fail('closes the connection');
      });
      socket.once('error', error => fail(`cannot be reached (${error.message})`, error));
      let text = '';
      socket.on('data', bytes => {
        text += bytes.toString('latin1');
        if (!text.startsWith('INFO ') || text.length > LONGEST_GREETING) fail('is no NATS server');
        else if (text.includes('\n')) resolve(readGreeting(text));
      });
    });
  } finally {
    socket.destroy();
  }
}

function readGreeting(text: string): Greeting {
  return { asksWho: /"(?:auth_required|tls_verify)":\s*true/.test(text) };
}
