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
): Promise<void> {
  const { clock, waitMs, signal } = limits;
  const socket = connect({ host: server.host, port: server.port });
  try {
    await new Promise<void>((resolve, reject) => {
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
      socket.once('data', bytes => {
        if (bytes.toString('latin1').startsWith('INFO ')) resolve();
        else fail('is no NATS server');
      });
    });
  } finally {
    socket.destroy();
  }
}
