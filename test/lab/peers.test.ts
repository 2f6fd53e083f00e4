import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { engineUrls } from '../../src/cluster/lab/engines.ts';
import { FRONT_PORT } from '../../src/cluster/lab/lab-plan.ts';
import type { ServerName } from '../../src/core/ids.ts';
import { PostgresDatabase } from '../../src/db/postgres.ts';
import { addToDomain } from '../../src/rooms/room-domains.table.ts';
import { ClusterUser } from '../cluster/cluster-user.ts';
import { numberOfRoom } from '../cluster/destinations.table.ts';
import { ListeningPeer } from '../cluster/listening-peer.ts';
import { Talk } from '../cluster/talk.ts';
import { Synapse, USER_PASSWORD } from '../federation/synapse.ts';
import { TestAuthority } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { roomsOn } from '../support/rooms.ts';
import { Crowd } from './crowd.ts';
import { SharedAddress } from './shared-address.ts';
import { ownPlan, skipWithoutLab, TestLab } from './test-lab.ts';

const isWhole = process.env.COPSE_TEST_LAB === 'whole';
/** 200 people who wait for news, and 20 messages a second. */
const SIZE = { rooms: 20, people: 10, everyMs: 1000 };
const FROZEN_MS = 30_000;
const PEERS = 3;
/** Other servers are sent what is said within so long after the last board is back. */
const PATIENCE_MS = 180_000;
/** Of the front for other servers, unless the settings say otherwise. */
const FEDERATION_PORT = 8448;

/** A lab that other servers reach, and that reaches them on the machine which it is on. */
async function federatedLab(opened: AsyncDisposableStack) {
  const host = `${ownPlan().network}.1`;
  const address = opened.use(await SharedAddress.open(FEDERATION_PORT));
  const name = `${host}:${address.port}`;
  const config = {
    server_name: name,
    allowed_private_addresses: { federation: [`${host}/32`] },
    federation: { verify_tls: false, trusted_key_servers: [], retry: { initial: '1s', longest: '2s' } },
  };
  const world = opened.use(await TestLab.start({ config }));
  const clients = opened.use(await SharedAddress.open(FRONT_PORT));
  for (const shared of [address, clients]) shared.follow(world.fronts);
  return { host, name, world, doors: [{ url: `http://127.0.0.1:${clients.port}` }] };
}

async function synapseAt(host: string, opened: AsyncDisposableStack): Promise<Synapse> {
  const [client, federation] = [await freePort(), await freePort()];
  const ports = { client, federation };
  const synapse = new Synapse({
    ...{ authority: new TestAuthority(), host, ports, bind: host },
    config: {
      federation_verify_certificates: false,
      federation: { client_timeout: '10s', destination_min_retry_interval: '1s', destination_max_retry_interval: '2s' },
    },
  });
  return opened.use(await synapse.start());
}

/** Has other servers in a room, as if a user of each had joined. */
async function addPeers({ lab }: TestLab, name: string, roomId: string, peers: readonly ListeningPeer[]) {
  const { database: url } = engineUrls(lab.machine('database'), lab.machine('bus'));
  await using db = new PostgresDatabase({ url, connections: 2 });
  const { nids } = roomsOn(db, name as ServerName);
  const room = await numberOfRoom(db, roomId);
  await db.tx(async tx => {
    const numbers = await nids.domains.intern(tx, peers.map(peer => peer.name) as ServerName[]);
    for (const nid of numbers.values()) await addToDomain(tx, room, nid, 1);
  });
}

/** A room of this server and of Synapse: one of each writes, and another session of each reads. */
async function sharedRoom({ doors }: TestLab, name: string, synapse: Synapse) {
  const alice = await ClusterUser.register(doors, 0, 'alice');
  const { room_id: id } = await alice.ok('POST', '/v3/createRoom', { preset: 'public_chat' });
  const room = String(id);
  const bob = await synapse.user('bob');
  await bob.enter(room, name);
  const theirs = await ClusterUser.login([{ url: synapse.url }], 'bob', USER_PASSWORD);
  const talk = new Talk(room);
  talk.read(alice.elsewhere(1), 'the reader here');
  talk.read(theirs.elsewhere(0), 'the reader at Synapse');
  return { room, talk, alice, theirs };
}

async function eachBoard(t: TestContext, world: TestLab, crowd: Crowd): Promise<void> {
  const { lab } = world;
  for (const board of lab.boards) {
    await lab.kill(board);
    t.diagnostic(`${board.name} without power: served after ${Math.round(await crowd.servedAfter())} ms`);
    lab.heal(board);
    await lab.ready([board]);
    const before = world.logOf(board).length;
    lab.freeze(board, true);
    t.diagnostic(`${board.name} stands still: served after ${Math.round(await crowd.servedAfter())} ms`);
    await wait(FROZEN_MS);
    lab.freeze(board, false);
    await world.said(board, /held this process for dead/, before);
    await lab.ready([board]);
  }
}

// The short form is that of `faults.test.ts`, and of the cluster's own tests of sending.
if (isWhole)
  test('each board dies and sleeps: Synapse and other servers get everything once, in order, in one transaction', {
    skip: skipWithoutLab,
  }, async t => {
    await using opened = new AsyncDisposableStack();
    const { host, name, world, doors } = await federatedLab(opened);
    const certified = new TestAuthority().issue({ names: [host] });
    const peers: ListeningPeer[] = [];
    for (let at = 0; at < PEERS; at++) peers.push(opened.use(await ListeningPeer.open(certified, host)));
    const synapse = await synapseAt(host, opened);
    const { room, talk, alice, theirs } = await sharedRoom(world, name, synapse);
    await addPeers(world, name, room, peers);
    talk.write(alice, 1000);
    talk.write(theirs, 1000);
    using crowd = await Crowd.gather(doors, SIZE);
    await crowd.servedAfter();
    await eachBoard(t, world, crowd);
    await crowd.check();
    const ours = new Map([...(await talk.end())].filter(([writer]) => writer === alice.id));
    const all = [...ours.values()].flat();
    const isSent = async () => {
      while (!peers.every(peer => all.every(body => peer.has(body)))) await wait(100);
    };
    const late = wait(PATIENCE_MS, 'late', { ref: false });
    assert.notEqual(await Promise.race([Promise.all([talk.isRead(), isSent()]), late]), 'late', 'others still wait');
    await talk.check();
    for (const peer of peers) peer.check(ours);
    const requests = peers.reduce((sum, peer) => sum + peer.requests, 0);
    const transactions = peers.reduce((sum, peer) => sum + peer.transactions, 0);
    t.diagnostic(
      `${crowd.count} messages in rooms, ${talk.count} with Synapse, ${all.length} to ${PEERS} servers in ${transactions} transactions, ${requests - transactions} sent again, ${crowd.retries} requests done again`,
    );
  });
