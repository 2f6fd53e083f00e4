import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FaultyDatabase } from '../../test/support/faulty-database.ts';
import { askRaw } from '../../test/support/raw-path.ts';
import { systemClock } from '../base/clock.ts';
import { Metrics } from '../base/metrics.ts';
import { createLog } from '../base/pino-log.ts';
import { systemRandom } from '../base/random.ts';
import { loadConfig } from '../config/load.ts';
import { compose } from './compose.ts';
import { openDatabase } from './open-database.ts';

const PASSWORD = 'correct-horse-battery';

/** A whole server that notes each line of its log, and whose database can be made to fail in an unforeseen way. */
async function talkativeServer(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'copse-secrets-'));
  const from = { config: undefined, data: undefined, noColor: true };
  const base = loadConfig({ data: join(folder, 'data'), name: 'example.org', port: '0' }, from);
  const config = {
    ...base,
    metrics: { ...base.metrics, port: 0 },
    password_hashing: { memory: 65_536, passes: 1 },
    registration: { ...base.registration, mode: 'open' as const },
    federation: { ...base.federation, enabled: false },
  };
  const lines: string[] = [];
  const log = createLog({
    level: 'debug',
    format: 'json',
    colour: false,
    clock: systemClock,
    write: line => lines.push(line),
  });
  let failure: string | undefined;
  const running = await compose(config, {
    ...{ clock: systemClock, random: systemRandom, log, metrics: new Metrics(), version: 'test' },
    openDatabase: async settings =>
      new FaultyDatabase(await openDatabase(settings), () => {
        if (failure !== undefined) throw new Error(failure);
      }),
  });
  t.after(async () => {
    await running[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
  const urlOf = (name: string) => running.listeners.find(each => each.name === name)?.url ?? assert.fail(name);
  return {
    lines,
    url: urlOf('clients'),
    figures: async () => (await fetch(urlOf('metrics'))).text(),
    failWith: (message: string | undefined) => {
      failure = message;
    },
  };
}

async function post(
  url: string,
  body: string,
  token?: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const headers = {
    'content-type': 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const answer = await fetch(url, { method: 'POST', headers, body });
  return { status: answer.status, text: await answer.text() };
}

test('N131 tokens and passwords stand in no line of the log, in no figure and in no answer that refuses', async t => {
  const { url, lines, figures, failWith } = await talkativeServer(t);
  const client = `${url}/_matrix/client/v3`;
  const account = { username: 'alice', password: PASSWORD, auth: { type: 'm.login.dummy' } };
  const made = await post(`${client}/register`, JSON.stringify(account));
  assert.equal(made.status, 200, made.text);
  const { access_token: token } = JSON.parse(made.text) as { access_token: string };

  const refusals: string[] = [];
  const refused = (status: number, { status: got, text }: { readonly status: number; readonly text: string }) => {
    assert.equal(got, status, text);
    refusals.push(text);
  };
  const inQuery = `access_token=${token}`;
  assert.equal((await fetch(`${client}/account/whoami?${inQuery}`)).status, 200);
  refused(404, await askRaw(url, `/_matrix/client/v3/nothing?${inQuery}`));
  refused(405, await askRaw(url, `/_matrix/client/v3/account/whoami?${inQuery}`, { method: 'DELETE' }));
  refused(400, await askRaw(url, `/_matrix/client/v3/rooms/%zz/state?${inQuery}`));
  refused(401, await askRaw(url, `/_matrix/client/v3/account/whoami?access_token=${token}x`));
  refused(400, await askRaw(url, `/_matrix/client/v3/sync?${inQuery}&since=${token}`));
  refused(401, await askRaw(url, '/_matrix/client/v3/sync', { headers: { authorization: `Basic ${token}` } }));
  refused(400, await post(`${client}/login`, `{"type":"m.login.password","password":"${PASSWORD}",`));
  refused(400, await post(`${client}/login`, JSON.stringify({ type: 'm.login.password', password: [PASSWORD] })));
  refused(403, await post(`${client}/login`, JSON.stringify({ type: 'm.login.token', token: `${token}x` })));
  const [, mistyped] = [...PASSWORD];
  const wrong = { type: 'm.login.password', user: 'alice', password: `${PASSWORD}${mistyped}` };
  refused(403, await post(`${client}/login`, JSON.stringify(wrong)));
  // What nobody foresaw is written down for the operator with all that is known of it.
  failWith(`POST /_matrix/client/v3/createRoom?${inQuery} with Authorization: Bearer ${token}`);
  refused(500, await post(`${client}/createRoom?${inQuery}`, '{}', token));
  failWith(undefined);

  const log = lines.join('');
  assert.match(log, /nobody foresaw/);
  for (const [where, text] of [
    ['the log', log],
    ['the metrics', await figures()],
    ['an answer', refusals.join('\n')],
  ] as const) {
    assert.ok(text.length > 0, where);
    for (const secret of [token, PASSWORD]) assert.equal(text.includes(secret), false, `a secret stands in ${where}`);
  }
});
