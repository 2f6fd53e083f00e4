import type { Server } from 'node:net';
import { addressKey } from '../accounts/address-key.ts';
import { isTrusted, plain } from './client-address.ts';

/**
 * Closes connections of an address (of IPv6: a /64) that has `most` open already, before anything is read from them. It
 * remembers addresses only as long as they are connected. Proxies that are trusted speak for many.
 */
export function limitConnections(server: Server, most: number, trustedProxies: readonly string[]): void {
  const open = new Map<string, number>();
  server.on('connection', socket => {
    const address = plain(socket.remoteAddress ?? '');
    if (isTrusted(address, trustedProxies)) return;
    const key = addressKey(address);
    const count = open.get(key) ?? 0;
    if (count >= most) {
      socket.destroy();
      return;
    }
    open.set(key, count + 1);
    socket.once('close', () => {
      const left = (open.get(key) ?? 1) - 1;
      if (left === 0) open.delete(key);
      else open.set(key, left);
    });
  });
}
