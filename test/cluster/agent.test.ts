import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { systemRandom } from '../../src/base/random.ts';
import { sessionLeaders } from '../../src/cluster/agent/proc-files.ts';
import { openDataFolder } from '../../src/main/data-folder.ts';
import { freePort } from '../support/free-port.ts';

const root = join(import.meta.dirname, '../..');

/** A server that a real agent is to start, with the real launcher. */
async function scene(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'copse-agent-'));
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  openDataFolder(data, 'a.example', systemRandom);
  const port = await freePort();
  writeFileSync(join(data, 'copse.yaml'), `listen: { client: { port: ${port} } }\nfederation: { enabled: false }\n`);
  const servers = () =>
    [...sessionLeaders()].filter(({ variables }) => variables.get('COPSE_AGENT_FOLDER') === join(data, 'run'));
  t.after(() => {
    for (const { pid } of servers()) process.kill(-pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const agent = () => {
    const main = join(root, 'src/main/agent-main.ts');
    const child = spawn(process.execPath, [main, 'agent', '--data', data], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    t.after(() => child.kill('SIGKILL'));
    return { child, ended: ending(child), said: () => said };
  };
  const health = () =>
    fetch(`http://127.0.0.1:${port}/_copse/health`).then(
      ({ status }) => status,
      () => 0,
    );
  return { agent, servers, health };
}

function ending(child: ChildProcess): Promise<number | null> {
  return new Promise(resolve => child.once('exit', code => resolve(code)));
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(100);
}

test('a server outlives its agent, the next agent has it, and ends it', { timeout: 300_000 }, async t => {
  const { agent, servers, health } = await scene(t);
  const first = agent();
  await until(async () => (await health()) === 200);
  const [server] = servers();
  first.child.kill('SIGKILL');
  await first.ended;
  assert.equal(await health(), 200);
  const second = agent();
  await until(() => / is ready\./.test(second.said()));
  assert.deepEqual(
    servers().map(({ pid }) => pid),
    [server?.pid],
  );
  const third = agent();
  assert.equal(await third.ended, 1, 'a board has one agent');
  second.child.kill('SIGTERM');
  assert.equal(await second.ended, 0);
  assert.match(second.said(), /\| .*SIGTERM: stopping\./, 'what the server wrote came through the second agent');
  assert.deepEqual([servers(), await health()], [[], 0]);
});
