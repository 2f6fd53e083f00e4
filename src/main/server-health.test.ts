import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '../cli/status-text.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { OwnHealth } from './control.ts';
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
const NOW = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
const database = { writeMs: 3, error: null, connections: null, now: null };
const health: OwnHealth = { database, clocks: { servers: 5, aheadMs: 300 } };
type Facts = Parameters<typeof serverHealth>[0];
const facts: Facts = { config, status, installed: 'test', disk, health, file: undefined, now: NOW };
const bad = (more: Partial<Facts>) =>
  serverHealth({ ...facts, ...more })
    .filter(({ state }) => state !== 'good')
    .map(({ name, state }) => `${name} ${state}`);

test('what could stop a server is named, and nothing else', () => {
  assert.deepEqual(bad({}), []);
  const gone = { status: undefined, health: undefined };
  assert.deepEqual(bad(gone), ['server bad', 'database unknown', 'clock unknown']);
  assert.deepEqual(bad({ ...gone, isSilent: true }), ['server bad', 'database unknown', 'clock unknown']);
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

test('a certificate that runs out, or that the authority refuses to renew, is named', () => {
  const DAY_MS = 24 * HOUR_MS;
  const certificate = { names: ['one.example'], from: NOW - 50 * DAY_MS, until: NOW + 40 * DAY_MS, problem: undefined };
  const having = (more: Partial<NonNullable<Status['certificate']>>) =>
    bad({ status: { ...status, certificate: { ...certificate, ...more } } });
  assert.deepEqual(having({}), []);
  assert.deepEqual(having({ problem: 'too many (rateLimited)' }), ['tls unknown'], 'it is good for now');
  assert.deepEqual(having({ until: NOW + 9 * DAY_MS }), ['tls bad']);
  assert.deepEqual(having({ until: NOW - DAY_MS, problem: 'nobody is there' }), ['tls bad']);
  assert.deepEqual(having({ from: undefined, until: undefined }), ['tls bad'], 'there is none yet');
  const short = { from: NOW - 4 * DAY_MS, until: NOW + 2 * DAY_MS };
  assert.deepEqual(having(short), [], 'one that is good for six days is renewed late');
});

test('a database that is damaged, slow, full or without connections is named', () => {
  assert.deepEqual(bad({ file: 'database disk image is malformed' }), ['database bad']);
  assert.deepEqual(bad({ file: null }), [], 'a large file is not read');
  const doing = (more: Partial<OwnHealth['database']>) =>
    bad({ health: { ...health, database: { ...database, ...more } } });
  assert.deepEqual(doing({ writeMs: null, error: 'database or disk is full' }), ['database bad']);
  assert.deepEqual(doing({ writeMs: 2500 }), ['database bad']);
  assert.deepEqual(doing({ connections: { taken: 95, most: 100 } }), ['database bad']);
  assert.deepEqual(doing({ connections: { taken: 50, most: 100 } }), []);
});

test('the clock is compared with others, or with that of the database', () => {
  const ahead = (aheadMs: number, servers = 5) => bad({ health: { database, clocks: { servers, aheadMs } } });
  assert.deepEqual(ahead(2 * HOUR_MS), ['clock bad']);
  assert.deepEqual(ahead(-2 * HOUR_MS), ['clock bad']);
  assert.deepEqual(ahead(2 * HOUR_MS, 2), ['clock unknown'], 'two may both be wrong');
  const [text] = serverHealth({ ...facts, health: { database, clocks: { servers: 5, aheadMs: 2 * HOUR_MS } } }).flatMap(
    ({ name, text }) => (name === 'clock' ? [text] : []),
  );
  assert.equal(text, 'ours is 2 h 0 min behind the middle one of 5 servers');
  const byDatabase = (now: number) => bad({ health: { database: { ...database, now }, clocks: undefined } });
  assert.deepEqual(byDatabase(NOW), []);
  assert.deepEqual(byDatabase(NOW - HOUR_MS), ['clock bad']);
  assert.deepEqual(bad({ health: { database, clocks: undefined } }), [], 'who keeps to itself needs none');
});

test('what our public name shows is told cause by cause', () => {
  const seen = (more: Partial<NonNullable<Facts['ourselves']>>): NonNullable<Facts['ourselves']> => ({
    ...{ server: 'one.example', health: 'not provable', since: null, findings: [], unproven: [] },
    ...more,
  });
  assert.deepEqual(bad({ ourselves: seen({ unproven: ['inbound from outside: not proven'] }) }), []);
  const unreached = ['one.example could not be reached from here by its public name: DNS'];
  assert.deepEqual(bad({ ourselves: seen({ unproven: unreached }) }), ['name unknown']);
  const finding = {
    cause: 'D08',
    title: 'it leads nowhere',
    because: undefined,
    confidence: 'proven',
    effect: '',
    proof: ['a page'],
  } as const;
  assert.deepEqual(bad({ ourselves: seen({ findings: [finding, { ...finding, cause: 'D13' }] }) }), [
    'name bad',
    'name bad',
  ]);
});

test('the exit code tells bad from not provable from good', () => {
  const code = (more: Partial<Facts>) => healthText(serverHealth({ ...facts, ...more })).code;
  assert.equal(code({}), 0);
  assert.equal(code({ config: base }), 2);
  assert.equal(code({ config: base, status: undefined }), 1);
});
