import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from './clock.ts';
import { createLog } from './pino-log.ts';

const clock: Clock = { now: () => 1_700_000_000_000, monotonic: () => 0, after: () => ({ cancel() {} }) };

function logTo(format: 'json' | 'text', level: 'debug' | 'warn' = 'debug') {
  const lines: string[] = [];
  const log = createLog({ level, format, colour: false, clock, write: line => lines.push(line) });
  return { log, lines };
}

test('JSON lines carry level, time, part and fields', () => {
  const { log, lines } = logTo('json');
  log.child('sync').warn('It is late.', { seconds: 3 });
  assert.deepEqual(JSON.parse(lines[0] ?? ''), {
    level: 'warn',
    time: 1_700_000_000_000,
    part: 'sync',
    seconds: 3,
    msg: 'It is late.',
  });
});

test('text lines are for people, with the stack of an error below', () => {
  const { log, lines } = logTo('text');
  log.child('push').info('Delivered.', { to: 'a.org', tries: 2 });
  log.error('It failed.', { err: new RangeError('too far') });
  assert.match(lines[0] ?? '', /^\d\d:\d\d:\d\d info {2}push: Delivered\. \(to=a\.org, tries=2\)\n$/);
  assert.match(lines[1] ?? '', /error It failed\.\n {4}RangeError: too far\n {8}at /);
});

test('tokens and passwords are hidden by key, inside texts and inside errors', () => {
  const { log, lines } = logTo('json');
  const error = new Error('GET /x?access_token=abc failed', { cause: new Error('Authorization: Bearer syt_abc') });
  log.info('Called with Bearer abc', {
    access_token: 'abc',
    deep: { newPassword: 'kept', new_password: 'abc', list: ['?token=abc'] },
    url: 'https://a.org/?access_token=abc&x=1',
    err: error,
    raw: new Uint8Array(5),
  });
  assert.doesNotMatch(lines[0] ?? '', /=abc|"abc"|Bearer abc|syt_abc/);
  assert.match(lines[0] ?? '', /access_token=\[hidden\]&x=1/);
  assert.match(lines[0] ?? '', /\[5 bytes\]/);
});

test('entries below the level are not written, and a value that refers to itself does no harm', () => {
  const { log, lines } = logTo('json', 'warn');
  log.info('quiet');
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  log.warn('loud', { loop });
  assert.equal(lines.length, 1);
});
