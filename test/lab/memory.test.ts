import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LoadUser } from '../bench/load-user.ts';
import { SECRET } from '../bench/measured-server.ts';
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

/** A room on servers that the one board of a lab reaches on its own loopback. */
async function hugeRoom(t: TestContext, { lab }: TestLab): Promise<{ room: string; server: string }> {
  const inside = `--net=/run/netns/${lab.boards[0]?.namespace}`;
  const words = [inside, process.execPath, PEER, String(ROOM.users), String(ROOM.servers)];
  const peer = spawn('nsenter', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => peer.kill());
  const [line] = (await once(createInterface(peer.stdout), 'line')) as [string];
  return JSON.parse(line) as { room: string; server: string };
}

/** A user joins it and, when all members are there, asks for everything twice at once. */
async function joined(t: TestContext, world: TestLab): Promise<number> {
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
  const syncs = [1, 2].map(() => user.sync({}).catch(() => undefined));
  await Promise.all(syncs);
  return members;
}

test('a board of 512 MB lives through a huge room and two first syncs', { skip: skipWithoutLab }, async t => {
  await using world = await TestLab.start({ boards: 1, config: SETTINGS });
  const members = await joined(t, world);
  assert.equal(members, ROOM.users + 1);
  const [board = assert.fail()] = world.boards;
  await world.lab.ready([board]);
  const { killed, memory } = await world.status(board.name);
  assert.equal(killed, 0, 'the kernel ended a process');
  t.diagnostic(`${members} members, ${Math.round(memory / 2 ** 20)} MiB used in the end`);
});
