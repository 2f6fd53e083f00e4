import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Knows the connections on which nothing was asked yet, and returns what closes them and all that still come. Browsers
 * open some ahead; Node.js takes them for busy, and a server that closes would wait for them.
 */
export function silentConnections(server: Server): () => void {
  const silent = new Map<string, Socket>();
  let isClosing = false;
  server.on('connection', (socket: Socket) => {
    if (isClosing) return socket.destroy();
    const end = endOf(socket);
    silent.set(end, socket);
    return socket.once('close', () => {
      if (silent.get(end) === socket) silent.delete(end);
    });
  });
  server.on('request', ({ socket }: IncomingMessage) => silent.delete(endOf(socket)));
  return () => {
    isClosing = true;
    for (const socket of silent.values()) socket.destroy();
  };
}

/** The other end of a connection. With TLS the socket of a request is not that of its connection, but the end is. */
export function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
