import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../test/support/accounts.ts';
import { systemdManager } from './systemd-signs.ts';

function managed(watchdogMs: number | undefined) {
  const clock = new TestClock();
  const told: string[] = [];
  const notify = async (words: readonly string[]) => void told.push(words.join(' '));
  const manager = systemdManager({ watchdogMs }, { clock, notify });
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1000) {
      clock.advance(1000);
      await new Promise(resolve => setImmediate(resolve));
    }
  };
  return { manager, told, pass };
}

test('systemd hears that the service is ready, three times a minute that it lives, and that it ends', async () => {
  const { manager, told, pass } = managed(60_000);
  await pass(100_000);
  assert.deepEqual(told, [], 'what is not ready is not watched');
  manager.ready();
  await pass(64_000);
  assert.deepEqual(told, ['READY=1', 'WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1']);
  manager.stopping();
  manager[Symbol.dispose]();
  await pass(60_000);
  assert.deepEqual(told.slice(4), ['STOPPING=1']);
});

test('who does not ask for signs of life gets none', async () => {
  const { manager, told, pass } = managed(undefined);
  manager.ready();
  await pass(100_000);
  assert.deepEqual(told, ['READY=1']);
});
