import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REQUEST_ROLES } from '../http/role.ts';
import { poolsOf } from './front.ts';
import { FrontError } from './front-error.ts';
import { parseProcesses, processesOf } from './process.ts';
import type { Route } from './route.ts';

const REFUSED: readonly (readonly [why: string, text: string])[] = [
  ['no YAML', '{{'],
  ['a list', 'name: a'],
  ['a list', '[]'],
  ['The name of process 1', '[{ address: "10.0.0.1:8008" }]'],
  ['The name of process 1', '[{ name: "a;b", address: "10.0.0.1:8008" }]'],
  ['The address of a', '[{ name: a }]'],
  ['The address of a', '[{ name: a, address: 10.0.0.1 }]'],
  ['The address of a', '[{ name: a, address: "10.0.0.1:8008;" }]'],
  ['The address of a', '[{ name: a, address: "10.0.0.1:70000" }]'],
  ['The address of a', '[{ name: a, address: "[10.0.0.1]:8008" }]'],
  ['which does not exist', '[{ name: a, address: "10.0.0.1:8008", role: sync }]'],
  ['the role snyc', '[{ name: a, address: "10.0.0.1:8008", roles: [snyc] }]'],
  ['must be a list', '[{ name: a, address: "10.0.0.1:8008", roles: sync }]'],
  ['true or false', '[{ name: a, address: "10.0.0.1:8008", draining: 1 }]'],
  ['the name a', '[{ name: a, address: "10.0.0.1:8008" }, { name: a, address: "10.0.0.2:8008" }]'],
  ['the address 10.0.0.1:8008', '[{ name: a, address: "10.0.0.1:8008" }, { name: b, address: "10.0.0.1:8008" }]'],
];

test('a list of processes that is wrong is refused in words', () => {
  for (const [why, text] of REFUSED)
    assert.throws(
      () => parseProcesses(text),
      (error: Error) => error instanceof FrontError && error.message.includes(why),
      text,
    );
});

test('a process has all roles unless it says which; those that answer no requests are left out', () => {
  const read = parseProcesses(`
- { name: b1, address: "10.77.0.1:8008" }
- { name: b2-sync, address: "[fd00::2]:8008", roles: [sync, push], draining: true }
- { name: b3, address: "board3.lan:8008", roles: [push] }`);
  assert.deepEqual(read, [
    { name: 'b1', address: '10.77.0.1:8008', roles: REQUEST_ROLES, isDraining: false },
    { name: 'b2-sync', address: '[fd00::2]:8008', roles: ['sync'], isDraining: true },
    { name: 'b3', address: 'board3.lan:8008', roles: [], isDraining: false },
  ]);
});

test('a role that has paths and no process is an error, not a path that leads nowhere', () => {
  const routes: Route[] = [
    { path: '/a', role: 'media', routedBy: 'any', bodyLimit: 1 },
    { path: '/b', role: 'sync', routedBy: 'user', bodyLimit: 1, without: { parameter: 'since', role: 'initial-sync' } },
  ];
  const having = (roles: string) => parseProcesses(`[{ name: a, address: "10.0.0.1:1", roles: [${roles}] }]`);
  const pools = (roles: string) => poolsOf({ routes, processes: having(roles) }).map(({ role }) => role);
  assert.throws(() => pools('client, sync'), /No process has the role media/);
  assert.throws(() => pools('media, sync'), /No process has the role client/);
  assert.throws(() => pools('client, media'), /No process has the role sync|initial-sync/);
  assert.deepEqual(pools('client, media, sync'), ['client', 'media', 'sync']);
  assert.deepEqual(pools('client, media, sync, initial-sync'), ['client', 'initial-sync', 'media', 'sync']);
});

test('processes of a cluster stand where they say they listen, the later life of one with the same name', () => {
  const living = [
    { name: 'b1', address: 'http://10.77.0.1:8008', roles: [], isDraining: true },
    { name: 'b2', address: undefined, roles: ['sync'], isDraining: false },
    { name: 'b3', address: 'http://10.77.0.3:8008', roles: ['sync', 'rooms'], isDraining: true },
    { name: 'b3', address: 'http://[fd00::3]:8009', roles: ['sync', 'rooms'], isDraining: false },
  ];
  assert.deepEqual(processesOf(living), [
    { name: 'b1', address: '10.77.0.1:8008', roles: REQUEST_ROLES, isDraining: true },
    { name: 'b3', address: '[fd00::3]:8009', roles: ['sync'], isDraining: false },
  ]);
});
