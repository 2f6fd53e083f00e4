import { networkInterfaces } from 'node:os';

/** The address under which this machine is most likely reached by its neighbours; undefined where it has none. */
export function ownAddress(interfaces = networkInterfaces()): string | undefined {
  const all = Object.values(interfaces)
    .flatMap(each => each ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  const isNear = (address: string) => /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|f[cd])/i.test(address);
  const best = all.find(({ address }) => isNear(address)) ?? all.find(({ family }) => family === 'IPv4') ?? all.at(0);
  return best?.address;
}

/** `HOST`, `HOST:PORT`, an IPv6 address with or without brackets: `HOST:PORT`. Undefined for what is none. */
export function withPort(text: string, port: number): string | undefined {
  const bare = text.includes(':') && !/^\[|^[^:]+:\d+$/.test(text) ? `[${text}]` : text;
  const url = URL.parse(`https://${bare}`);
  if (url === null || url.hostname === '' || url.pathname !== '/' || bare.includes('@')) return undefined;
  // `URL` leaves out the usual port.
  const said = /:(\d+)$/.exec(bare.replace(/^\[.*?\]/, ''))?.[1];
  return `${url.hostname}:${said ?? port}`;
}

/** The two halves of `HOST:PORT`; brackets of an IPv6 address are gone. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(at + 1)) };
}

/** A name for this machine among the boards. */
export function boardNameFor(hostname: string): string {
  const name = hostname
    .toLowerCase()
    .split('.')[0]
    ?.replaceAll(/[^a-z0-9-]/g, '-')
    .slice(0, 30)
    .replace(/^-+|-+$/g, '');
  return name === undefined || name === '' ? 'board' : name;
}
