import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type Mutation, mutations } from './resolver-mutations.ts';

const root = join(import.meta.dirname, '..');
const copy = mkdtempSync(join(tmpdir(), 'copse-mutations-'));
after(() => rmSync(copy, { recursive: true, force: true }));

// The copy runs the same tests, over a few of the recorded rooms.
cpSync(join(root, 'src', 'core'), join(copy, 'src', 'core'), { recursive: true });
for (const file of ['node-crypto.ts', 'random.ts'])
  cpSync(join(root, 'src', 'base', file), join(copy, 'src', 'base', file));
cpSync(join(root, 'test', 'state-resolution.ts'), join(copy, 'test', 'state-resolution.ts'));
for (const file of ['room-builder.ts', 'resolving.ts'])
  cpSync(join(root, 'test', 'support', file), join(copy, 'test', 'support', file));
symlinkSync(join(root, 'package.json'), join(copy, 'package.json'));
const rooms = [...recordedRooms('mixed.jsonl.gz', 18), ...recordedRooms('v12-adversarial.jsonl.gz', 2)];
writeFileSync(join(copy, 'rooms.jsonl'), rooms.join('\n'));

function recordedRooms(file: string, count: number): string[] {
  const path = join(root, 'test', 'fixtures', 'state-resolution', file);
  return gunzipSync(readFileSync(path)).toString('utf8').split('\n').slice(0, count);
}

/** What finds the mistake in the copy, or undefined when nothing does. */
function caughtBy(): string | undefined {
  const runs = [
    ['directed tests of v2', 'src/core/resolve/v2.test.ts'],
    ['tests of states that were set back', 'src/core/resolve/resets.test.ts'],
    ['directed tests of v1', 'src/core/resolve/v1.test.ts'],
    ['recorded rooms', 'test/state-resolution.ts', 'rooms.jsonl'],
  ] as const;
  for (const [name, ...args] of runs) {
    // NODE_TEST_CONTEXT would make the child report to our own runner instead of judging itself.
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    // A mistake may go round for ever. What counts is its own time, not that of a busy machine.
    const limited = ['-c', 'ulimit -t 60; exec "$0" "$@"', process.execPath, ...args];
    const run = spawnSync('sh', limited, { cwd: copy, env, stdio: 'ignore' });
    if (run.status !== 0) return name;
  }
  return undefined;
}

function plant(mutation: Mutation): () => void {
  const file = join(copy, 'src', 'core', mutation.file);
  const text = readFileSync(file, 'utf8');
  let mutated = text;
  for (const { from, to } of [mutation, ...(mutation.also === undefined ? [] : [mutation.also])]) {
    assert.ok(mutated.includes(from), `${mutation.name}: ${mutation.file} no longer holds ${from}`);
    mutated = mutated.replaceAll(from, to);
  }
  writeFileSync(file, mutated);
  return () => writeFileSync(file, text);
}

test('the right resolver is caught by nothing', () => {
  assert.equal(caughtBy(), undefined);
});

let caught = 0;
for (const mutation of mutations) {
  test(`caught: ${mutation.name}`, t => {
    const restore = plant(mutation);
    const by = caughtBy();
    restore();
    assert.ok(by !== undefined, 'nothing noticed');
    t.diagnostic(`by the ${by}`);
    caught++;
  });
}

test('all wrong resolvers are caught', t => {
  t.diagnostic(`${caught} of ${mutations.length} wrong resolvers caught`);
  assert.equal(caught, mutations.length);
});
