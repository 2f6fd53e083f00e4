import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { addressKey } from '../accounts/address-key.ts';
import { isTrusted, plain } from './client-address.ts';
import { endOf } from './silent-connections.ts';

interface Held {
  readonly socket: Socket;
  /** Requests that are being answered; undefined before the first. */
  running: number | undefined;
}

/**
 * Lets an address (of IPv6: a /64) have `most` connections. One more closes that which has been idle longest since its
 * last answer: many servers can share an address, and each leaves connections open for later. Where none is idle the new
 * one is closed, before anything is read from it. Addresses are remembered only as long as they are connected. Proxies
 * that are trusted speak for many.
 */
export function limitConnections(server: Server, most: number, trustedProxies: readonly string[]): void {
  /** Those that are idle in the order in which they came to be. */
  const byAddress = new Map<string, Set<Held>>();
  const byEnd = new Map<string, { readonly held: Held; readonly all: Set<Held> }>();
  server.on('connection', (socket: Socket) => {
    const address = plain(socket.remoteAddress ?? '');
    if (isTrusted(address, trustedProxies)) return;
    const [key, end] = [addressKey(address), endOf(socket)];
    const all = byAddress.get(key) ?? new Set();
    if (all.size >= most && !closeIdle(all)) {
      socket.destroy();
      return;
    }
    const held: Held = { socket, running: undefined };
    byAddress.set(key, all.add(held));
    byEnd.set(end, { held, all });
    socket.once('close', () => {
      byEnd.delete(end);
      all.delete(held);
      if (all.size === 0 && byAddress.get(key) === all) byAddress.delete(key);
    });
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const found = byEnd.get(endOf(socket));
    if (found === undefined) return;
    const { held, all } = found;
    held.running = (held.running ?? 0) + 1;
    response.once('close', () => {
      held.running = (held.running ?? 1) - 1;
      if (held.running === 0 && all.delete(held)) all.add(held);
    });
  });
}

function closeIdle(all: Set<Held>): boolean {
  for (const held of all) {
    if (held.running !== 0) continue;
    all.delete(held);
    held.socket.destroy();
    return true;
  }
  return false;
}
