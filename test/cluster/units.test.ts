import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { boardUnits, singleUnits } from '../../src/cluster/systemd/units.ts';
import { freePort } from '../support/free-port.ts';
import { needs } from '../support/systemd.ts';

const root = join(import.meta.dirname, '../..');

test('systemd has nothing to say of the units', needs('systemd-analyze'), t => {
  const folder = mkdtempSync(join(tmpdir(), 'copse-units-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'data'));
  const settings = {
    ...{ program: join(root, 'copse'), data: join(folder, 'data'), media: undefined, user: 'root', memory: 2 ** 28 },
  };
  const units = [...singleUnits(settings), ...boardUnits(settings)].filter(({ name }) => !name.endsWith('.rules'));
  for (const { name, text } of units) writeFileSync(join(folder, name), text);
  const files = units.map(({ name }) => join(folder, name.replace('@.', '@b1-sync-1.')));
  writeFileSync(join(folder, 'copse-process@b1-sync-1.service'), units.at(-1)?.text ?? '');
  const verify = () => {
    const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', ...files], {
      encoding: 'utf8',
    });
    return `${stdout}${stderr}`;
  };
  assert.equal(verify(), '');
  // It ends with success whatever it finds: only its words count.
  const [file = ''] = files;
  writeFileSync(file, `${units[0]?.text ?? ''}\n[Service]\nRestartSecs=1\n`);
  assert.match(verify(), /RestartSecs/);
});

/** Prints each datagram that comes to a socket as a line: Node.js has no such sockets. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listens", flush=True)
while True:
    print(s.recv(4096).decode().replace("\\n", " "), flush=True)
`;

test(
  'a server tells systemd that it is ready, that it lives, and that it ends',
  needs('systemd-notify', 'python3'),
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'copse-notify-'));
    const socket = join(folder, 'notify.sock');
    const heard: string[] = [];
    const listener = spawn('python3', ['-c', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    listener.stdout.setEncoding('utf8').on('data', (text: string) => heard.push(...text.trim().split('\n')));
    const hears = async (line: string) => {
      while (!heard.some(each => each.includes(line))) await wait(20);
    };
    await hears('listens');
    const words = ['up', '--data', join(folder, 'data'), '--name', 'a.example', '--port', String(await freePort())];
    const server = spawn(process.execPath, [join(root, 'src/main/main.ts'), ...words], {
      env: { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1500000' },
      stdio: 'ignore',
    });
    const ended = new Promise(resolve => server.once('exit', resolve));
    t.after(() => {
      server.kill('SIGKILL');
      listener.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });
    await hears('READY=1');
    await hears('WATCHDOG=1');
    server.kill('SIGTERM');
    await hears('STOPPING=1');
    assert.equal(await ended, 0);
  },
);
