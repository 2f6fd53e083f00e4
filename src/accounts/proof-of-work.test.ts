import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../test/support/accounts.ts';
import { solve } from '../../test/support/proof-of-work.ts';
import { silentLog } from '../base/log.ts';
import { ProofOfWork, type ProofOfWorkSettings } from './proof-of-work.ts';

const MINUTE = 60_000;

function workWith(settings: Partial<ProofOfWorkSettings> = {}) {
  const clock = new TestClock();
  const warnings: unknown[] = [];
  const log = { ...silentLog, warn: (_: string, fields?: Readonly<Record<string, unknown>>) => warnings.push(fields) };
  const work = new ProofOfWork(clock, log, { when: 'under_load', bits: 10, ...settings });
  const signUps = (count: number) => {
    for (let i = 0; i < count; i++) work.noteSignUp();
  };
  return { clock, work, warnings, signUps };
}

test('N137 it is asked for when many accounts are made, until it is calm again', () => {
  const { clock, work, warnings, signUps } = workWith();
  signUps(10);
  assert.equal(work.demand, 'optional');
  signUps(1);
  assert.deepEqual([work.demand, warnings.length], ['required', 1]);
  signUps(5);
  assert.equal(warnings.length, 1, 'it is said once');
  clock.advance(10 * MINUTE);
  assert.equal(work.demand, 'optional');
  signUps(9);
  assert.deepEqual([work.demand, warnings.length], ['required', 2]);
});

test('the settings can ask for it always and never', () => {
  const never = workWith({ when: 'never' });
  never.signUps(100);
  assert.deepEqual([never.work.demand, never.warnings], ['none', []]);
  assert.equal(workWith({ when: 'always' }).work.demand, 'required');
});

test('it gets harder with the accounts that are made, up to a bound, and easier with time', () => {
  const { clock, work, signUps } = workWith();
  const bits = [];
  for (const count of [0, 10, 1, 9, 20, 40, 10_000]) {
    signUps(count);
    bits.push(work.bits);
  }
  assert.deepEqual(bits, [10, 10, 11, 12, 14, 16, 16]);
  clock.advance(24 * 60 * MINUTE);
  assert.deepEqual([work.bits, work.params()], [10, { algorithm: 'sha256', bits: 10 }]);
});

test('a solution is for one session and has as many bits as are asked for now', () => {
  const { work, signUps } = workWith();
  const nonce = solve('a session', 10, 10);
  assert.equal(work.isSolution('a session', nonce), true);
  assert.equal(work.isSolution('another session', nonce), false);
  for (const bad of [
    '',
    `${Number(nonce) + 1}`,
    ` ${nonce}`,
    `${nonce} `,
    '-1',
    '1e3',
    'x',
    '0'.repeat(21),
    '\u0661',
  ]) {
    assert.equal(work.isSolution('a session', bad), false, bad);
  }
  signUps(20);
  assert.equal(work.isSolution('a session', nonce), false);
  assert.equal(work.isSolution('a session', solve('a session', 12)), true);
});
