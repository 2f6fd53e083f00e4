import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LoadUser } from '../bench/load-user.ts';
import { SECRET } from '../bench/measured-server.ts';
import { Outcomes, send } from '../bench/overload-client.ts';
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
/** In the whole form so many more clients begin at once, and read what they get as phones on bad lines do. */
const CROWD = isWhole ? 80 : 0;
const READ_AFTER_MS = 5000;

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
}

/** A user joins it and, when all members are there, asks for everything twice at once; then many do. */
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
  for (const [count, readAfterMs] of [
    [2, 0],
    [CROWD, READ_AFTER_MS],
  ] as const) {
    const call = { method: 'GET', path: '/_matrix/client/v3/sync', token: user.token, readAfterMs } as const;
    await Promise.all(Array.from({ length: count }, async () => syncs.count(await send(url, call))));
  }
  return { members, syncs };
}

test('a board of 512 MB lives through a huge room and two first syncs', { skip: skipWithoutLab }, async t => {
  await using world = await TestLab.start({ boards: 1, config: SETTINGS });
  const { members, syncs } = await joined(t, world);
  assert.equal(members, ROOM.users + 1);
  const [board = assert.fail()] = world.boards;
  await world.lab.ready([board]);
  const { killed, memory } = await world.status(board.name);
  assert.equal(killed, 0, 'the kernel ended a process');
  // On a machine with much else to do a front may give up on an answer; what counts there is that nothing is ended.
  if (isWhole) assert.deepEqual(syncs.wrong, [], syncs.text);
  t.diagnostic(`${members} members, first syncs: ${syncs.text}, ${Math.round(memory / 2 ** 20)} MiB used in the end`);
});
