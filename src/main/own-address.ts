import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import type { Config } from '../config/schema.ts';

type Settings = Pick<Config, 'cluster' | 'listen' | 'database'>;

/** The URL of a listener as other machines reach it; `url` is how this one does. */
export async function addressForOthers(url: string, { cluster, listen, database }: Settings): Promise<string> {
  const address =
    cluster.address ?? (isEverywhere(listen.client.host) ? await addressTowards(database.url) : undefined);
  if (address === undefined) return url;
  const changed = new URL(url);
  changed.hostname = isIPv6(address) ? `[${address}]` : address;
  return changed.href.replace(/\/$/, '');
}

function isEverywhere(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** The address of this machine with which it speaks to the database; undefined where there is none to be found. */
async function addressTowards(databaseUrl: string): Promise<string | undefined> {
  try {
    const { hostname, port } = new URL(databaseUrl);
    const { address, family } = await lookup(hostname.replace(/[[\]]/g, '') || 'localhost');
    return await sourceAddress(address, family, Number(port) || POSTGRES_PORT);
  } catch {
    return undefined;
  }
}

const POSTGRES_PORT = 5432;

/** Connecting a datagram socket sends nothing: the kernel only chooses the way. */
async function sourceAddress(address: string, family: number, port: number): Promise<string> {
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(port, address, resolve);
    });
    return socket.address().address;
  } finally {
    socket.close();
  }
}
