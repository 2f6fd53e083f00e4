import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppingClock } from '../../../test/support/fake-internet.ts';
import { DatabaseUnavailableError } from '../../db/database.ts';
import { failureKind, OwnFailures } from './own-failures.ts';

const unavailable = (message: string, cause?: unknown) => new DatabaseUnavailableError(message, cause);
const coded = (message: string, code: string) => Object.assign(new Error(message), { code });

test('what keeps us from answering is told by the words of the databases', () => {
  const kinds = [
    [unavailable('cannot be written: Error: database or disk is full'), 'disk'],
    [unavailable('PostgreSQL cannot answer', coded('could not extend file', '53100')), 'disk'],
    [coded('write', 'ENOSPC'), 'disk'],
    [unavailable('cannot be written: Error: database is locked'), 'locked'],
    [unavailable('there is no connection to PostgreSQL: all are taken'), 'connections'],
    [unavailable('PostgreSQL cannot answer', coded('sorry, too many clients already', '53300')), 'connections'],
    [unavailable('PostgreSQL cannot answer', coded('cannot allocate', '53200')), 'memory'],
    [unavailable('PostgreSQL cannot answer', coded('connect', 'ECONNREFUSED')), 'database'],
    [new TypeError('x is not a function'), 'unknown'],
    ['thrown', 'unknown'],
  ] as const;
  for (const [error, kind] of kinds) assert.equal(failureKind(error), kind, String(error));
});

test('only what other servers asked for counts, and only some of it is kept', () => {
  const failures = new OwnFailures({ clock: new SteppingClock() });
  failures.note('/_matrix/client/v3/sync', new Error('no'));
  for (let at = 0; at < 30; at++)
    failures.note('/_matrix/federation/v1/send/:txnId', new Error(`${at} ${'x'.repeat(999)}`));
  assert.equal(failures.count, 30);
  assert.equal(failures.last.length, 20);
  assert.match(failures.last.at(-1)?.reason ?? '', /^29 x/);
  assert.equal(failures.last.at(-1)?.reason.length, 300);
});
