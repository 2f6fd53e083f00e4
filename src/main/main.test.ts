import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemRandom } from '../base/random.ts';
import { listenControl } from './control.ts';
import { openDataFolder } from './data-folder.ts';

const MAIN = join(import.meta.dirname, 'main.ts');

test('a command that looks again and again lives until the server is done', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'copse-main-'));
  t.after(() => rmSync(folder, { recursive: true }));
  openDataFolder(folder, 'example.org', systemRandom);
  writeFileSync(join(folder, 'copse.db'), '');
  const progress = { to: 'postgres', phase: 'copying' };
  const steps = [{ database: 'sqlite', progress }, { database: 'sqlite', progress }, { database: 'postgres' }];
  let looked = 0;
  const no = async () => assert.fail('nobody asks for that');
  await using _ = await listenControl(folder, undefined, {
    status: no,
    health: no,
    administer: async () => (request, answer) => {
      const isLook = request.method === 'GET' && request.url?.endsWith('/move') === true;
      answer.end(JSON.stringify(isLook ? (steps[looked++] ?? steps.at(-1)) : {}));
    },
  });
  const words = ['migrate', 'postgres', 'postgres://127.0.0.1/copse', '--data', folder];
  const command = spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = Promise.all([command.stdout.toArray(), command.stderr.toArray()]);
  const [code] = await once(command, 'exit');
  assert.equal(looked, 3, String(await said));
  assert.notEqual(code, 13, String(await said));
});
