import type { HttpServer } from '../http/server.ts';

/** An address cannot be listened on: the message says what to do. */
export class ListenError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'ListenError';
  }
}

export interface ListenerWords {
  readonly scheme: 'http' | 'https';
  /** Where its address stands in the settings. */
  readonly setting: string;
}

/** Starts to listen, and gives the URL under which this machine reaches it. @throws ListenError */
export async function listenHttp(
  server: HttpServer,
  at: { readonly host: string; readonly port: number },
  { scheme, setting }: ListenerWords = { scheme: 'http', setting: 'listen.client' },
): Promise<string> {
  try {
    await server.listen(at.host, at.port);
  } catch (error) {
    throw new ListenError(explain(error as NodeJS.ErrnoException, at.host, at.port, setting), error);
  }
  const address = server.app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : at.port;
  return `${scheme}://${reachable(at.host)}:${port}`;
}

export function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function explain(error: NodeJS.ErrnoException, host: string, port: number, setting: string): string {
  const where = `${host}, port ${port}`;
  if (error.code === 'EADDRINUSE')
    return `Another program listens on ${where}. Stop it, or ${setting === 'listen.client' ? 'take another port with --port' : `set ${setting}.port`}.`;
  if (error.code === 'EACCES')
    return `This user may not listen on ${where}. Take a port above 1023 and put a reverse proxy in front.`;
  if (error.code === 'EADDRNOTAVAIL') return `This machine has no address ${host}. Set ${setting}.host to one it has.`;
  return `Listening on ${where} failed: ${error.message}.`;
}
