import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LoadUser } from '../bench/load-user.ts';
import { SECRET } from '../bench/measured-server.ts';
import { Outcomes, send } from '../bench/overload-client.ts';
import { slowCrowd } from '../bigroom/slow-crowd.ts';
import { skipWithoutLab, TestLab } from './test-lab.ts';

const isWhole = process.env.COPSE_TEST_LAB === 'whole';
const ROOM = isWhole ? { users: 20_000, servers: 3000 } : { users: 2000, servers: 200 };
const SETTINGS = {
  registration_shared_secret: SECRET,
  allowed_private_addresses: { federation: ['127.0.0.0/8'] },
  federation: { verify_tls: false, trusted_key_servers: [] },
};
const PEER = fileURLToPath(new URL('huge-peer.ts', import.meta.url));
const PATIENCE_MS = 9 * 60_000;
/** In the whole form so many come after that on slow lines: first syncs, and backups of keys of 4 MiB each. */
const CROWD = { syncs: 40, backups: 160 };
/** For what runs without a compiler too, as an agent does: Node.js reads no TypeScript then. */
const BLIND = stripTypeScriptTypes(readFileSync(new URL('../bigroom/without-guard.ts', import.meta.url), 'utf8'));
/** V8 knows the limit of a board by itself, and would end the process before the kernel does. */
const UNGUARDED = `--max-old-space-size=8192 --import data:text/javascript,${encodeURIComponent(BLIND)}`;
/** Where nobody sees how small the board is, its process may be told to use so much. */
const WITHOUT_BUDGET = {
  parts: { all: { count: 'each', memory: '4G' } },
  fronts: { boards: ['b1'], program: 'nginx' },
  media_shared: true,
};

/** A room on servers that the one board of a lab reaches on its own loopback. */
async function hugeRoom(t: TestContext, { lab }: TestLab): Promise<{ room: string; server: string }> {
  const inside = `--net=/run/netns/${lab.boards[0]?.namespace}`;
  const words = [inside, process.execPath, PEER, String(ROOM.users), String(ROOM.servers)];
  const peer = spawn('nsenter', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => peer.kill());
  const [line] = (await once(createInterface(peer.stdout), 'line')) as [string];
  return JSON.parse(line) as { room: string; server: string };
}

interface Joined {
  readonly members: number;
  /** How the first syncs ended. */
  readonly syncs: Outcomes;
  /** How the crowd fared. */
  readonly crowd: Outcomes;
}

/** A user joins it and, when all members are there, asks for everything twice at once; then many come on slow lines. */
async function joined(t: TestContext, world: TestLab): Promise<Joined> {
  const url = world.lab.urls[0] ?? '';
  const { room, server } = await hugeRoom(t, world);
  const user = await LoadUser.register(url, 'bob');
  await user.joinThrough(room, server).catch(() => undefined);
  const end = performance.now() + PATIENCE_MS;
  let members = 0;
  while (members < ROOM.users + 1 && performance.now() < end) {
    members = await user.members(room).catch(() => members);
    await wait(1000);
  }
  const syncs = new Outcomes();
  const call = { method: 'GET', path: '/_matrix/client/v3/sync', token: user.token } as const;
  await Promise.all([1, 2].map(async () => syncs.count(await send(url, call))));
  const crowd = isWhole ? await slowCrowd(url, user.token, CROWD) : new Outcomes();
  return { members, syncs, crowd };
}

function told({ members, syncs, crowd }: Joined): string {
  return `${members} members, first syncs: ${syncs.text}, crowd: ${crowd.text || 'none'}`;
}

test('a board of 512 MB lives through a huge room and two first syncs', { skip: skipWithoutLab }, async t => {
  await using world = await TestLab.start({ boards: 1, config: SETTINGS });
  const [board = assert.fail()] = world.boards;
  const result = await joined(t, world);
  t.diagnostic(told(result));
  assert.equal(result.members, ROOM.users + 1);
  await world.lab.ready([board]);
  const { killed, memory } = await world.status(board.name);
  assert.equal(killed, 0, 'the kernel ended a process');
  // On a machine with much else to do a front may give up on an answer; what counts there is that nothing is ended.
  if (isWhole) assert.deepEqual([...result.syncs.wrong, ...result.crowd.wrong], [], told(result));
  t.diagnostic(`${Math.round(memory / 2 ** 20)} MiB used in the end`);
});

// In small rooms, and without a crowd, it lives without a guard, too.
if (isWhole)
  test('without budget and guard the kernel ends what runs on it', { skip: skipWithoutLab }, async t => {
    process.env.NODE_OPTIONS = UNGUARDED;
    await using world = await TestLab.start({ boards: 1, config: SETTINGS });
    delete process.env.NODE_OPTIONS;
    const [{ name } = assert.fail()] = world.boards;
    await world.want(WITHOUT_BUDGET);
    const result = await joined(t, world);
    const { killed } = await world.status(name);
    t.diagnostic(`${killed} ended by the kernel; ${told(result)}`);
    assert.ok(killed > 0, `it lives: ${told(result)}`);
  });
