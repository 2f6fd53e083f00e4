import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Loopback alone, and names as the files say. */
const PREPARE = `ip link set lo up && mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@"`;
const NAMESPACES = ['--net', '--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];

/** Whether this machine lets us have networks of our own. */
export function hasOwnNetwork(): boolean {
  return spawnSync('unshare', [...NAMESPACES, 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' }).status === 0;
}

/**
 * Runs a program of ours in a network of its own, where every port is free, names lead where `hosts` says and DNS is
 * whoever listens at 127.0.0.1. Resolves to its exit code and what it printed.
 */
export async function runInOwnNetwork(
  hosts: Readonly<Record<string, string>>,
  script: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'copse-network-'));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const lines = Object.entries({ localhost: '127.0.0.1', ...hosts }).map(([name, address]) => `${address} ${name}\n`);
  const files = [file('hosts', lines.join('')), file('resolv.conf', 'nameserver 127.0.0.1\noptions timeout:1\n')];
  const program = [process.execPath, script, ...args];
  const child = spawn('unshare', [...NAMESPACES, 'sh', '-c', PREPARE, 'sh', ...files, ...program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text);
    output += text;
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', exit => resolve(exit ?? 1));
  });
  rmSync(folder, { recursive: true, force: true });
  return { code, output };
}
