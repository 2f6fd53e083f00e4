import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ROLES } from '../cluster/roles.ts';
import { readDesiredFile } from './desired-file.ts';
import { ConfigError } from './problems.ts';

function read(t: TestContext, yaml: string) {
  const folder = mkdtempSync(join(tmpdir(), 'copse-desired-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'cluster.yaml');
  writeFileSync(file, yaml);
  return readDesiredFile(file);
}

function problems(t: TestContext, yaml: string): string {
  try {
    read(t, yaml);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems
      .map(({ where, reason, remedy }) => `${where.split(':').at(-1)}: ${reason} ${remedy}`)
      .join('\n');
  }
  return assert.fail('the file was taken');
}

test('a file says what it says, and the rest is as usual', t => {
  const desired = read(
    t,
    `
parts:
  all: {}
  sync: { count: 4, memory: 384M, boards: [fast, b7] }
  work:
    roles: [push, maintenance]
    count: each
    spread: false
fronts: { boards: [b1], program: haproxy }
media_shared: true
`,
  );
  assert.deepEqual(desired, {
    parts: {
      all: { roles: [], count: 1, boards: [], spread: true },
      sync: { roles: ['sync'], count: 4, memory: 384 * 2 ** 20, boards: ['fast', 'b7'], spread: true },
      work: { roles: ['push', 'maintenance'], count: 'each', boards: [], spread: false },
    },
    fronts: { boards: ['b1'], program: 'haproxy' },
    media_shared: true,
  });
  assert.deepEqual(read(t, 'fronts: { boards: [edge] }'), { fronts: { boards: ['edge'] }, media_shared: false });
});

test('each fault is told with its line, the reason and the remedy', t => {
  const found = problems(
    t,
    `parts:
  all: { count: many }
  sync:
    memory: 64M
    board: b1
  rooms: { roles: [gardening] }
front: b1
`,
  );
  assert.match(found, /^2: parts\.all\.count cannot be "many"\. Write a whole number from 1 to 1000, or `each`\.$/m);
  assert.match(found, /^4: parts\.sync\.memory cannot be "64M"\. Write a size such as .*, at least 128M\.$/m);
  assert.match(found, /^5: There is no setting parts\.sync\.board\. Did you mean boards\?$/m);
  assert.match(found, /^6: parts\.rooms\.roles\[1\] cannot be "gardening"\. Write one of client, /m);
  assert.match(found, /^7: There is no setting front\. Did you mean fronts\?$/m);
});

test('work that nobody would do is a fault, and so is a part that cannot be part of a name', t => {
  assert.match(
    problems(t, 'fronts: {}\nparts:\n  sync: {}\n  push: {}\n'),
    /^2: No part does client, initial-sync, media, /,
  );
  assert.match(problems(t, 'parts: { all: {}, "Sync 1": {} }'), /^1: A part cannot be called "Sync 1"/);
  const each = ROLES.map(role => `  ${role}: {}\n`).join('');
  assert.equal(Object.keys(read(t, `parts:\n${each}`).parts ?? {}).length, ROLES.length);
});

test('what is no file, or no YAML, is told so', t => {
  assert.throws(() => readDesiredFile('/nowhere/cluster.yaml'), /The file cannot be read: ENOENT/);
  assert.match(problems(t, 'parts: ['), /This is not YAML/);
  assert.match(problems(t, 'parts: 7'), /parts must be a group of keys/);
});
