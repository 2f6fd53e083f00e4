import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { ServerName } from '../../src/core/ids.ts';
import { SLOTS } from '../../src/federation/outbound/slots.ts';
import { addToDomain } from '../../src/rooms/room-domains.table.ts';
import { TestAuthority } from '../support/certificates.ts';
import { skipWithoutNats } from '../support/nats.ts';
import { roomsOn } from '../support/rooms.ts';
import { SERVER_NAME } from '../support/running-server.ts';
import { ClusterUser } from './cluster-user.ts';
import { numberOfRoom, sendersOfSlots, senderTo } from './destinations.table.ts';
import { ListeningPeer } from './listening-peer.ts';
import { Talk } from './talk.ts';
import { TestCluster } from './test-cluster.ts';

const skip = skipWithoutNats || (process.env.COPSE_TEST_POSTGRES === undefined && 'there is no PostgreSQL');
/** Longer than a process lives that says nothing. */
const FROZEN_MS = 12_000;
const config = {
  allowed_private_addresses: { federation: ['127.0.0.0/8'] },
  federation: { verify_tls: false, trusted_key_servers: [], retry: { initial: '1s', longest: '2s' } },
};

/** Has other servers in a room, by number, as if a user of each had joined. */
async function addPeers({ db }: TestCluster, roomId: string, peers: readonly ListeningPeer[]): Promise<number[]> {
  const { nids } = roomsOn(db, SERVER_NAME as ServerName);
  const room = await numberOfRoom(db, roomId);
  return db.tx(async tx => {
    const numbers = await nids.domains.intern(tx, peers.map(({ name }) => name) as ServerName[]);
    for (const nid of numbers.values()) await addToDomain(tx, room, nid, 1);
    return [...numbers.values()];
  });
}

test('whoever sends is killed or sleeps in the middle: others repeat it, and nothing comes twice under new IDs', {
  skip,
}, async t => {
  await using opened = new AsyncDisposableStack();
  const certified = new TestAuthority().issue({ names: ['127.0.0.1'] });
  const peers: ListeningPeer[] = [];
  for (let at = 0; at < 6; at++) peers.push(opened.use(await ListeningPeer.open(certified)));
  const cluster = opened.use(await TestCluster.start(3, { config }));
  const users: ClusterUser[] = [];
  for (let at = 0; at < 3; at++) users.push(await ClusterUser.register(cluster.processes, at, `user${at}`));
  const [first] = users as [ClusterUser];
  const room = String((await first.ok('POST', '/v3/createRoom', { preset: 'public_chat' })).room_id);
  for (const user of users) await user.ok('POST', `/v3/join/${encodeURIComponent(room)}`);
  const nids = await addPeers(cluster, room, peers);
  const talk = new Talk(room);
  for (const user of users) talk.write(user, 100);

  const senders = async () => {
    const all = await sendersOfSlots(cluster.db);
    return all.size === SLOTS ? new Set(all.values()) : new Set();
  };
  while ((await senders()).size < 3) await wait(200);

  /** Waits until a process is in the middle of a delivery to a peer, and does something to it. */
  const inTheMiddle = async (at: number, act: (process: TestCluster['processes'][number]) => Promise<void>) => {
    const [peer, nid] = [peers[at], nids[at]] as [ListeningPeer, number];
    const go = Promise.withResolvers<void>();
    await peer.hold(go.promise);
    const name = await senderTo(cluster.db, nid);
    const process = cluster.processes[Number(name?.slice('process-'.length))];
    assert.ok(process !== undefined, `${name} is no process of this cluster`);
    const before = peer.transactions;
    await act(process);
    go.resolve();
    while (peer.transactions < before + 3) await wait(20);
  };
  for (const at of [0, 1, 2]) {
    await inTheMiddle(at, async process => {
      await process.kill9();
      void process.restart();
    });
    while ((await senders()).size < 3) await wait(200);
  }
  await inTheMiddle(3, async process => {
    const before = process.log.length;
    process.freeze();
    await wait(FROZEN_MS);
    process.thaw();
    while (!process.log.slice(before).includes('held this process for dead')) await wait(100);
  });
  const more = await cluster.add('process-3');
  while ((await senders()).size < 4) await wait(200);
  await more.stop();
  const written = await talk.end();
  const all = [...written.values()].flat();
  const began = performance.now();
  for (const peer of peers) while (!all.every(body => peer.has(body))) await wait(50);
  for (const peer of peers) peer.check(written);
  const sum = (of: (peer: ListeningPeer) => number) => peers.reduce((total, peer) => total + of(peer), 0);
  const repeated = sum(peer => peer.requests) - sum(peer => peer.transactions);
  assert.ok(repeated > 0, 'nothing was repeated, so nothing was tried');
  t.diagnostic(
    `${all.length} messages to ${peers.length} servers in ${sum(peer => peer.transactions)} transactions, ${repeated} repeated; the last came ${Math.round(performance.now() - began)} ms after the writers ended`,
  );
});
