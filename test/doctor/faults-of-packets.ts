import { execFileSync } from 'node:child_process';
import { PEER } from './doctor-world.ts';
import type { Fault } from './fault.ts';
import { Front } from './front.ts';

/** Packets that are dropped without a word, by nftables in a network of our own. */
export const FAULTS_OF_PACKETS: readonly Fault[] = [
  {
    id: 'F20n',
    about: 'packets of more than 1,280 bytes to the peer are dropped, and no ICMP says so',
    cause: 'D11',
    async inject({ peer }) {
      drop('meta', 'length', 'gt', '1280', 'tcp', 'dport', String(peer.front.port));
      return undefined;
    },
  },
  {
    id: 'F21n',
    about: 'packets to port 8448 are dropped, behind which everybody works',
    cause: 'D12',
    servers: [PEER, 'a.test', 'b.test', 'c.test'],
    async inject(world) {
      for (const [at, name] of ['a.test', 'b.test', 'c.test'].entries()) {
        const address = `127.0.9.${at + 1}`;
        const front = await Front.open(world.authority.issue({ names: [name] }), () => undefined, address, 8448);
        world.defer(() => front[Symbol.asyncDispose]());
        world.internet.addresses[name] = [address];
      }
      drop('tcp', 'dport', '8448');
      return undefined;
    },
  },
];

export function hasNftables(): boolean {
  try {
    execFileSync('nft', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Drops what leaves and matches; what was dropped before is let through again. */
function drop(...match: readonly string[]): void {
  const nft = (...words: readonly string[]) => execFileSync('nft', words);
  nft('flush', 'ruleset');
  nft('add', 'table', 'inet', 'bench');
  nft('add', 'chain', 'inet', 'bench', 'out', '{ type filter hook output priority 0; }');
  nft('add', 'rule', 'inet', 'bench', 'out', ...match, 'drop');
}
