import assert from 'node:assert/strict';
import { test } from 'node:test';
import { haproxyChanges } from './haproxy-changes.ts';

function text(servers: readonly string[], head = 'frontend copse'): string {
  return [
    head,
    '  bind :443',
    '',
    'backend copse_sync',
    '  balance leastconn',
    ...servers.map(each => `  server ${each}`),
  ].join('\n');
}

const one = 'b1 10.0.0.1:8008 id 1 check';
const two = 'b2 10.0.0.2:8008 id 2 check';

function lines(before: readonly string[], after: readonly string[]): readonly string[] | undefined {
  return haproxyChanges(text(before), text(after))?.map(({ line }) => line);
}

test('what differs in more than the processes needs a reload', () => {
  assert.equal(haproxyChanges(text([one]), text([one], 'frontend other')), undefined);
  assert.equal(lines([one], [`${one} inter 5s`]), undefined);
  const service = ['', 'backend service_wiki', '  server wiki 10.0.0.9:80 '].join('\n');
  assert.equal(haproxyChanges(text([one]), `${text([one])}${service}`), undefined);
  assert.equal(haproxyChanges(`${text([one])}${service}`, `${text([one])}${service.replace('.9', '.8')}`), undefined);
});

test('processes come, drain, move and go by commands', () => {
  assert.deepEqual(lines([one, two], [one, two]), []);
  assert.deepEqual(lines([one], [one, two]), [
    'add server copse_sync/b2 10.0.0.2:8008 id 2 check',
    'enable health copse_sync/b2',
    'set server copse_sync/b2 state ready',
  ]);
  assert.deepEqual(lines([one, two], [one, `${two} disabled`]), ['set server copse_sync/b2 state drain']);
  assert.deepEqual(lines([`${one} disabled`], [one]), ['set server copse_sync/b1 state ready']);
  assert.deepEqual(lines([one], [one.replace('10.0.0.1:8008', '[fd00::1]:8009')]), [
    'set server copse_sync/b1 addr fd00::1 port 8009',
  ]);
  assert.deepEqual(lines([one, two], [two]), [
    'set server copse_sync/b1 state maint',
    'shutdown sessions server copse_sync/b1',
    'del server copse_sync/b1',
  ]);
});
