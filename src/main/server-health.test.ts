import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '../cli/status-text.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { healthText, serverHealth } from './server-health.ts';

const base = loadConfig({ name: 'one.example' }, { config: undefined, data: undefined, noColor: true });
const config: Config = { ...base, public_base_url: 'https://one.example' };
const GIB = 1024 ** 3;
const disk = { free: 100 * GIB, total: 200 * GIB };
const status: Status = {
  ...{
    version: 'test',
    serverName: 'one.example',
    pid: 1,
    uptimeSeconds: 5,
    users: 1,
    rooms: 1,
    events: 1,
    listeners: [],
  },
  memory: { residentBytes: 1, limit: 2, level: 'calm', caches: { name: 'caches', bytes: 0, limit: 0 }, accounts: [] },
  database: { kind: 'SQLite', bytes: 1 },
  outbound: {
    active: 0,
    waiting: 0,
    failing: 0,
    oldestSeconds: 0,
    queuedEdus: 0,
    queuedEduBytes: 0,
    setAside: 0,
    longestFailing: [],
  },
  missing: { missing: 0, lost: 0, ageSeconds: 0, rooms: [], waiting: 0, setAside: 0, awaited: 0, givenUp: 0 },
};
const bad = (more: Partial<Parameters<typeof serverHealth>[0]>) =>
  serverHealth({ config, status, installed: 'test', disk, ...more })
    .filter(({ state }) => state !== 'good')
    .map(({ name, state }) => `${name} ${state}`);

test('what could stop a server is named, and nothing else', () => {
  assert.deepEqual(bad({}), []);
  assert.deepEqual(bad({ status: undefined }), ['server bad']);
  assert.deepEqual(bad({ installed: 'newer' }), ['version bad']);
  assert.deepEqual(bad({ disk: { free: GIB / 2, total: 200 * GIB } }), ['disk bad']);
  // A small disk is not full because it is small.
  assert.deepEqual(bad({ disk: { free: GIB / 2, total: 4 * GIB } }), []);
  assert.deepEqual(bad({ status: { ...status, memory: { ...status.memory, level: 'critical' } } }), ['memory bad']);
  const missing = { ...status.missing!, missing: 3, ageSeconds: 7200 };
  assert.deepEqual(bad({ status: { ...status, missing } }), ['others bad']);
  const open = { ...config.registration, mode: 'open' as const };
  assert.deepEqual(bad({ config: { ...config, registration: open } }), []);
  const unchecked = { ...open, proof_of_work: { ...open.proof_of_work, when: 'never' as const } };
  assert.deepEqual(bad({ config: { ...config, registration: unchecked } }), ['accounts bad']);
  assert.deepEqual(bad({ config: base }), ['address unknown']);
});

test('the exit code tells bad from not provable from good', () => {
  const code = (more: Partial<Parameters<typeof serverHealth>[0]>) =>
    healthText(serverHealth({ config, status, installed: 'test', disk, ...more })).code;
  assert.equal(code({}), 0);
  assert.equal(code({ config: base }), 2);
  assert.equal(code({ config: base, status: undefined }), 1);
});
