import { execFileSync } from 'node:child_process';
import { closeSync, cpSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type DoctorWorld, PEER, until } from './doctor-world.ts';
import type { Fault } from './fault.ts';
import { Front } from './front.ts';
import { killedForMemory } from './killed-for-memory.ts';

/** Packets that are dropped without a word, by nftables in a network of our own, and a disk that is full there. */
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
  {
    id: 'F43n',
    about: 'the disk with our data is full',
    cause: 'D31',
    async inject(world) {
      const { folder } = world.us.server;
      await world.us.server.stop();
      const copy = `${folder}.copy`;
      cpSync(folder, copy, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder]);
      cpSync(copy, folder, { recursive: true });
      // Lazily: the server ends after this.
      world.defer(() => execFileSync('umount', ['--lazy', folder]));
      world.defer(() => rmSync(copy, { recursive: true }));
      await world.us.server.start();
      fill(join(folder, 'filler'));
      const said = await world.say(world.peer, 'x'.repeat(30_000));
      await until(async () => (await failures(world)) > 0, `${said} was taken`);
      return undefined;
    },
  },
  {
    id: 'F44n',
    about: 'the kernel ends our server twice for want of memory, in a control group',
    cause: 'D31',
    async inject({ us }) {
      await us.server.stop();
      for (let time = 0; time < 2; time++) await killedForMemory(us.server.folder);
      await us.server.start();
      return undefined;
    },
  },
];

/** Writes until nothing more fits. */
function fill(file: string): void {
  const descriptor = openSync(file, 'w');
  for (const size of [1 << 20, 1 << 12, 1]) {
    const chunk = Buffer.alloc(size);
    try {
      for (;;) writeSync(descriptor, chunk);
    } catch {
      // Smaller ones may still fit.
    }
  }
  closeSync(descriptor);
}

async function failures(world: DoctorWorld): Promise<number> {
  return (await world.facts([])).us.failing?.count ?? 0;
}

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
