import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { connect } from 'node:tls';
import { systemRandom } from '../../src/base/random.ts';
import { openDataFolder } from '../../src/main/data-folder.ts';
import { TestAuthority } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { needs, PROGRAMS, type ProgramName } from './programs.ts';

const root = join(import.meta.dirname, '../..');

/** A process that answers everything with its name. Its address. */
async function answering(t: TestContext, name: string): Promise<string> {
  const behind = createServer((_, answer) => answer.end(JSON.stringify({ server: name })));
  await new Promise<void>(resolve => behind.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    behind.closeAllConnections();
    behind.close();
  });
  return `127.0.0.1:${(behind.address() as AddressInfo).port}`;
}

/** A process that takes requests, and answers them when it is told to. */
async function sleeping(t: TestContext) {
  const waiting: ServerResponse[] = [];
  let count = 0;
  const behind = createServer((_, answer) => {
    count++;
    waiting.push(answer);
  });
  await new Promise<void>(resolve => behind.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    behind.closeAllConnections();
    behind.close();
  });
  return {
    address: `127.0.0.1:${(behind.address() as AddressInfo).port}`,
    async asked(times: number): Promise<void> {
      while (count < times) await wait(50);
    },
    answer: () => {
      for (const answer of waiting.splice(0)) answer.end(JSON.stringify({ server: 'asleep' }));
    },
  };
}

/** A data folder, a process, and `copse front --run` before it. */
async function scene(t: TestContext, program: ProgramName) {
  const data = mkdtempSync(join(tmpdir(), 'copse-front-run-'));
  const address = await answering(t, 'behind');
  const file = join(data, 'front.conf');
  t.after(() => {
    spawnSync('/bin/sh', ['-c', `kill -9 $(cat '${file}.running')`]);
    rmSync(data, { recursive: true, force: true });
  });
  openDataFolder(data, 'one.example', systemRandom);
  const { certificate, key } = new TestAuthority().issue({ names: ['one.example'] });
  writeFileSync(join(data, 'c.pem'), certificate);
  writeFileSync(join(data, program === 'haproxy' ? 'c.pem.key' : 'k.pem'), key);
  const [https, federation, plain] = [await freePort(), await freePort(), await freePort()];
  const keyFile = program === 'haproxy' ? 'c.pem.key' : 'k.pem';
  writeFileSync(
    join(data, 'copse.yaml'),
    `front: { certificate: ${data}/c.pem, key: ${data}/${keyFile}, addresses: [127.0.0.1], https_port: ${https}, federation_port: ${federation}, plain_port: ${plain} }\n`,
  );
  const processes = join(data, 'processes.yaml');
  const name = (list: readonly object[]) => writeFileSync(processes, JSON.stringify(list));
  name([{ name: 'b1', address }]);
  const start = () => {
    const words = ['front', program, '--run', '--install', file, '--processes', processes, '--data', data];
    const child = spawn(process.execPath, [join(root, 'src/main/front-main.ts'), ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    t.after(() => child.kill('SIGKILL'));
    return { child, ended: new Promise(resolve => child.once('exit', resolve)), said: () => said };
  };
  const ask = (path = '/_matrix/client/versions') =>
    fetch(`http://127.0.0.1:${plain}${path}`).then(
      answer => answer.text(),
      () => '',
    );
  /** The certificate that is shown, in PEM. */
  const shown = () =>
    new Promise<string>(resolve => {
      const socket = connect({ host: '127.0.0.1', port: https, servername: 'one.example', rejectUnauthorized: false });
      const end = (pem: string) => {
        socket.destroy();
        resolve(pem);
      };
      socket.once('secureConnect', () => end(socket.getPeerX509Certificate()?.toString() ?? ''));
      socket.once('error', () => end(''));
    });
  return { data, start, ask, name, shown, keyFile };
}

for (const program of PROGRAMS) {
  test(`${program} runs with the command, is found again after a kill, and ends with it`, {
    ...needs(program),
    timeout: 180_000,
  }, async t => {
    const { start, ask } = await scene(t, program);
    const first = start();
    while (!(await ask()).includes('behind')) await wait(50);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = start();
    while (!second.said().includes('running')) await wait(50);
    while (!(await ask()).includes('behind')) await wait(50);
    second.child.kill('SIGTERM');
    assert.equal(await second.ended, 0, second.said());
    assert.equal(await ask(), '');
  });

  test(`${program} follows those who live though a role loses its last process`, {
    ...needs(program),
    timeout: 180_000,
  }, async t => {
    const { start, ask, name } = await scene(t, program);
    const others = { roles: ['client', 'sync', 'media'] };
    const servers = { name: 'servers', address: await answering(t, 'servers'), roles: ['federation-in'] };
    name([{ name: 'one', address: await answering(t, 'one'), ...others }, servers]);
    const { child, ended, said } = start();
    while (!(await ask()).includes('"one"')) await wait(50);
    name([{ name: 'two', address: await answering(t, 'two'), ...others }]);
    while (!(await ask()).includes('"two"')) await wait(50);
    assert.match(await ask('/_matrix/key/v2/server'), /"servers"/, said());
    child.kill('SIGTERM');
    assert.equal(await ended, 0, said());
  });

  test(`${program} lets who waits wait while another process ends in order, and not for one that died`, {
    ...needs(program),
    timeout: 180_000,
  }, async t => {
    const { start, ask, name } = await scene(t, program);
    const sleeper = await sleeping(t);
    const asleep = { name: 'asleep', address: sleeper.address, roles: ['sync', 'media', 'federation-in'] };
    const one = { name: 'one', address: await answering(t, 'one'), roles: ['client'] };
    const two = { name: 'two', address: await answering(t, 'two'), roles: ['client'] };
    name([asleep, one]);
    const { child, ended, said } = start();
    while (!(await ask()).includes('one')) await wait(50);
    const poll = () => ask('/_matrix/client/v3/sync?since=then');
    const waiting = poll();
    await sleeper.asked(1);
    name([asleep, { ...one, draining: true }, two]);
    while (!(await ask()).includes('two')) await wait(50);
    name([asleep, two]);
    await wait(4000);
    sleeper.answer();
    assert.match(await waiting, /asleep/, said());
    const lost = poll();
    await sleeper.asked(2);
    name([two, { ...one, roles: asleep.roles }]);
    // It is cut off, or the other one answers.
    assert.match(await lost, /^$|one|M_UNKNOWN/, said());
    child.kill('SIGTERM');
    assert.equal(await ended, 0, said());
  });

  test(`${program} takes up renewed certificates and changed settings`, {
    ...needs(program),
    timeout: 180_000,
  }, async t => {
    const { data, start, shown, keyFile } = await scene(t, program);
    const { child, ended, said } = start();
    while ((await shown()) === '') await wait(50);
    const former = await shown();
    const { certificate, key } = new TestAuthority().issue({ names: ['one.example'] });
    writeFileSync(join(data, 'c.pem'), certificate);
    writeFileSync(join(data, keyFile), key);
    let now = former;
    while (now === '' || now === former) {
      await wait(50);
      now = await shown();
    }
    assert.equal(now.trim(), new X509Certificate(certificate).toString().trim());
    const settings = readFileSync(join(data, 'copse.yaml'), 'utf8');
    writeFileSync(join(data, 'copse.yaml'), 'front: { plain_port: many }\n');
    while (!said().includes('The settings of before are in force')) await wait(50);
    assert.notEqual(await shown(), '');
    const plain = await freePort();
    writeFileSync(join(data, 'copse.yaml'), settings.replace(/plain_port: \d+/, `plain_port: ${plain}`));
    const isThere = () =>
      fetch(`http://127.0.0.1:${plain}/_matrix/client/versions`).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await isThere())) await wait(50);
    child.kill('SIGTERM');
    assert.equal(await ended, 0, said());
  });

  test(`${program} with a certificate that is not there ends the command with the reason`, {
    ...needs(program),
    timeout: 180_000,
  }, async t => {
    const { data, start } = await scene(t, program);
    rmSync(join(data, 'c.pem'));
    const { ended, said } = start();
    assert.equal(await ended, 1);
    assert.match(said(), /^copse: `.*` failed: [\s\S]*c\.pem/m);
  });
}
