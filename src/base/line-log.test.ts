import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestClock } from '../../test/support/accounts.ts';
import { LineLog } from './line-log.ts';
import type { Log } from './log.ts';
import { createLog } from './pino-log.ts';

test('the lines are those of the log of a server', () => {
  const clock = new TestClock();
  const own: string[] = [];
  const servers: string[] = [];
  const tell = (log: Log) => {
    log.info('The agent begins.', { version: '0.1.0' });
    log.child('boards').warn('Nobody answers: token=abc', { password: 'secret', board: { name: 'b1' } });
    log.child('boards').error('It failed.', { problem: Object.assign(new Error('no'), { stack: 'Error: no' }) });
    log.debug('Nobody reads this.');
  };
  tell(new LineLog(clock, { write: line => own.push(line) }));
  tell(createLog({ level: 'info', format: 'json', colour: false, clock, write: line => servers.push(line) }));
  assert.deepEqual(own, servers);
  assert.equal(own.length, 3);
});
