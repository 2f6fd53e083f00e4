import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FaultyDatabase } from '../../test/support/faulty-database.ts';
import { printedForUser, skipWithoutUser } from '../../test/support/other-user.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { RefusedError } from '../cli/admin-server.ts';
import { loadConfig } from '../config/load.ts';
import { DatabaseUnavailableError } from '../db/database.ts';
import { compose } from './compose.ts';
import { askControl } from './control.ts';
import { openDatabase } from './open-database.ts';

/** A server whose database can be made to answer nothing. */
async function frailServer(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'copse-operator-'));
  const args = { data: join(folder, 'data'), name: 'example.org', port: '0' };
  const base = loadConfig(args, { config: undefined, data: undefined, noColor: true });
  const config = {
    ...base,
    metrics: { ...base.metrics, enabled: false },
    federation: { ...base.federation, enabled: false },
  };
  const state = { isGone: false };
  const running = await compose(config, {
    ...{ clock: systemClock, random: systemRandom, log: silentLog, metrics: undefined, version: 'test' },
    async openDatabase(settings) {
      const inner = await openDatabase(settings);
      const db = new FaultyDatabase(inner, () => undefined);
      const get: typeof db.get = query => {
        if (state.isGone) throw new DatabaseUnavailableError('PostgreSQL cannot answer', undefined);
        return inner.get(query);
      };
      return Object.assign(db, { get });
    },
  });
  t.after(async () => {
    await running[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
  return { state, config };
}

test('a server whose database does not answer says so in one line', async t => {
  const { state, config } = await frailServer(t);
  state.isGone = true;
  await assert.rejects(askControl(config.data_dir), (error: unknown) => {
    assert.ok(error instanceof RefusedError);
    assert.match(error.message, /^The server runs, but cannot tell how it is: .*PostgreSQL cannot answer$/);
    return true;
  });
  state.isGone = false;
  assert.equal((await askControl(config.data_dir))?.serverName, 'example.org');
});

test('a folder of somebody else is not said to have no server', { skip: skipWithoutUser }, t => {
  const folder = mkdtempSync(join(tmpdir(), 'copse-closed-'));
  t.after(() => rmSync(folder, { recursive: true }));
  // Root owns it, or its owner may not read it either.
  chmodSync(folder, 0);
  const said =
    printedForUser(`const { askControl } = await import(${JSON.stringify(import.meta.resolve('./control.ts'))});
    await askControl(${JSON.stringify(folder)}).then(found => console.log(found), error => console.log(error.name, error.message));`);
  assert.match(said, /^RefusedError .*copse-closed-\S+ belongs to somebody else/);
});
