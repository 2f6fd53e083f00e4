import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REQUEST_ROLES, type RequestRole } from '../http/role.ts';
import { FrontError } from './front-error.ts';
import { LastingProcesses } from './lasting-processes.ts';
import type { FrontProcess } from './process.ts';

function process(name: string, roles: readonly RequestRole[], address = `${name}:8008`): FrontProcess {
  return { name, roles, address, isDraining: false };
}

const chat = process('chat', ['client', 'sync', 'media']);
const servers = process('servers', ['federation-in']);

test('a role that loses its last process keeps it; what else died is gone all the same', () => {
  const lasting = new LastingProcesses();
  const other = process('other', ['client', 'federation-in']);
  assert.deepEqual(lasting.next([chat, other], 0), [chat, other]);
  assert.deepEqual(lasting.next([chat], 1), [chat, { ...other, roles: ['federation-in'] }]);
  assert.deepEqual(lasting.next([chat], 2), [chat, { ...other, roles: ['federation-in'] }]);
  assert.deepEqual(lasting.next([chat, servers], 3), [chat, servers]);
  assert.deepEqual(lasting.next([servers], 4), [servers, chat]);
});

test('where another process listens by now nobody is looked for', () => {
  const lasting = new LastingProcesses();
  lasting.next([chat, servers], 0);
  const moved = process('media', ['media'], servers.address);
  assert.deepEqual(lasting.next([chat, moved], 1), [chat, moved]);
});

test('nobody at all is no reason to forget everybody', () => {
  const lasting = new LastingProcesses();
  lasting.next([chat, servers], 0);
  assert.deepEqual(lasting.next([], 1), [chat, servers]);
});

test('at the start it waits for roles, but not for ever', () => {
  const lasting = new LastingProcesses();
  const waits = (living: readonly FrontProcess[], now: number) =>
    assert.throws(
      () => lasting.next(living, now),
      (error: Error) => error instanceof FrontError,
    );
  waits([], 1000);
  waits([chat], 30_000);
  assert.deepEqual(lasting.next([chat], 31_000), [chat]);
  const whole = process('whole', REQUEST_ROLES);
  assert.deepEqual(new LastingProcesses().next([whole], 0), [whole]);
});
