import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestClock } from '../../test/support/accounts.ts';
import { onEachDatabase } from '../../test/support/databases.ts';
import { silentLog } from '../base/log.ts';
import { settingsNumber } from '../cluster/boards/assignment.table.ts';
import { announceChanges, settingsHere } from './handing-settings.ts';

onEachDatabase('settings that cannot be read are told to nobody, and boards get those of before', async db => {
  const data = mkdtempSync(join(tmpdir(), 'copse-handing-'));
  using _ = { [Symbol.dispose]: () => rmSync(data, { recursive: true }) };
  mkdirSync(join(data, 'cluster'));
  const clock = new TestClock();
  const stop = new AbortController();
  const warnings: string[] = [];
  let text: string | undefined = 'presence: false\n';
  const read = () => {
    if (text === undefined) throw new Error('presence: maybe is neither true nor false');
    return [{ name: 'copse.yaml', text }];
  };
  const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
  const running = announceChanges({ db, clock, log, data, read }, stop.signal);
  const looks = async () => {
    for (let at = 0; at < 20; at++) {
      clock.advance(5000);
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    return settingsNumber(db);
  };
  assert.equal(await looks(), 1);
  text = undefined;
  assert.equal(await looks(), 1);
  assert.equal((await settingsHere(data)).files[0]?.text, 'presence: false\n');
  assert.deepEqual(warnings, [
    'Other boards keep the settings that they have: presence: maybe is neither true nor false',
  ]);
  text = 'presence: true\n';
  assert.equal(await looks(), 2);
  assert.equal((await settingsHere(data)).files[0]?.text, 'presence: true\n');
  stop.abort();
  await running;
});
