import { createServer } from 'node:net';
import { type DoctorWorld, PEER, type Site, US } from './doctor-world.ts';
import type { Fault } from './fault.ts';
import { Front } from './front.ts';

const BOTH = ['::1', '127.0.0.1'];
/** Between what is sent to every address and what is sent to one of each family. */
const MUCH = 500_000;

/** One family of a name's addresses works, and the other does not. */
export const FAULTS_OF_FAMILIES: readonly Fault[] = [
  {
    id: 'F18',
    about: 'the peer has an AAAA record that leads to nobody',
    cause: 'D10',
    async inject({ internet }) {
      internet.addresses[PEER] = BOTH;
      return undefined;
    },
  },
  {
    id: 'F18b',
    about: 'our name has an AAAA record that leads to nobody',
    cause: 'D10',
    async inject({ internet }) {
      internet.addresses[US] = BOTH;
      return undefined;
    },
  },
  {
    id: 'F19',
    about: 'IPv6 of the peer breaks off in the middle of TLS',
    cause: 'D10',
    async inject(world) {
      const server = createServer(socket => socket.destroy());
      world.defer(() => server.close());
      await new Promise<void>(resolve => server.listen(world.peer.front.port, '::1', resolve));
      world.internet.addresses[PEER] = BOTH;
      return undefined;
    },
  },
  {
    id: 'F19b',
    about: 'IPv6 of the peer takes what is small, and stalls with a megabyte',
    cause: 'D10',
    async inject(world) {
      await stallingOverIPv6(world, PEER, world.peer);
      return undefined;
    },
  },
  {
    id: 'F19c',
    about: 'IPv6 of our name takes what is small, and stalls with a megabyte',
    cause: 'D10',
    async inject(world) {
      await stallingOverIPv6(world, US, world.us);
      return undefined;
    },
  },
];

/** A second proxy of a site, which is found as well. */
async function stallingOverIPv6(world: DoctorWorld, name: string, { server, front }: Site): Promise<void> {
  const other = await Front.open(world.authority.issue({ names: [name] }), () => server.url, '::1', front.port);
  other.answering = ({ headers }) => Number(headers['content-length'] ?? 0) > MUCH;
  world.defer(() => other[Symbol.asyncDispose]());
  world.internet.addresses[name] = BOTH;
}
