import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startServer } from '../../test/support/running-server.ts';

test('N213 settings that cannot be read change nothing in a server that runs', async () => {
  await using server = await startServer();
  const logged = async (text: string, times = 1) => {
    for (let tries = 0; server.log.split(text).length <= times; tries++) {
      assert.ok(tries < 3000, `not logged: ${text}\n${server.log.slice(-2000)}`);
      await wait(20);
    }
  };
  const register = async (username: string) => {
    const body = { username, password: 'a long password', auth: { type: 'm.login.dummy' } };
    const init = { method: 'POST', body: JSON.stringify(body) };
    return (await fetch(`${server.url}/_matrix/client/v3/register`, init)).status;
  };
  const faults = ['registration: [', 'registration: { mode: "nobody" }', 'regstration: {}'];
  for (const [at, bad] of faults.entries()) {
    server.writeSettings(bad);
    process.kill(server.pid, 'SIGHUP');
    await logged('The settings have faults', at + 1);
    assert.equal(await register(`user${at}`), 200, bad);
  }
  server.writeSettings('registration: { mode: closed }');
  process.kill(server.pid, 'SIGHUP');
  await logged('The settings are good');
  assert.equal(await register('last'), 200, 'those it has are in force');
});
