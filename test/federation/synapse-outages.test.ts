import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { after, before, suite, type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { assertTook } from '../support/slowness.ts';
import { type ApiUser, eventually, Reader } from './api-user.ts';
import { type TwoServers, twoServersIfAny, whyNoSynapse } from './two-servers.ts';

/** Synapse gives Copse up at the first failure, and its next try is so far away that none comes while the tests run. */
const FAR_AWAY = {
  federation: {
    destination_min_retry_interval: '1d',
    destination_max_retry_interval: '1d',
    max_long_retries: 0,
    max_short_retries: 0,
  },
};
/** As was promised of Copse. It takes two or three seconds. */
const ALL_THERE_MS = 60_000;
const KILLS = 5;

interface Scene {
  readonly servers: TwoServers;
  readonly carl: ApiUser;
  readonly sue: ApiUser;
  /** One that Copse made, and one that Synapse made. */
  readonly rooms: readonly [string, string];
}

suite('outages of Copse and of Synapse', { concurrency: 1 }, () => {
  let scene: Scene | undefined;

  before(async () => {
    const servers = await twoServersIfAny({ synapse: FAR_AWAY });
    if (servers === undefined) return;
    const carl = await servers.copseUser('carl');
    const sue = await servers.synapse.user('sue');
    scene = { servers, carl, sue, rooms: [await servers.sharedRoom(carl, sue), await servers.sharedRoom(sue, carl)] };
  });

  after(() => scene?.servers[Symbol.asyncDispose]());

  const scenario = (name: string, run: (scene: Scene, t: TestContext) => Promise<void>) =>
    test(name, t => (scene === undefined ? t.skip(whyNoSynapse()) : run(scene, t)));

  scenario('Copse is down for 140 messages in two rooms, and Synapse has given it up for a day', copseAway);
  scenario('Copse is down for 300 messages', copseAwayForMany);
  scenario('Synapse is down for 300 messages', synapseAway);
  scenario('Copse is killed while its users send', killedSending);
  scenario('Copse is killed while it receives', killedReceiving);
  scenario('Copse loses 40 events that it had acknowledged', lostTail);
});

/** Texts that no other test says. */
const texts = (about: string, count: number) => Array.from({ length: count }, (_, at) => `${about} ${at}`);
const about = (bodies: readonly string[], word: string) => bodies.filter(body => body.startsWith(`${word} `));

/** What a user has of a room, once, and in syncs as well: exactly that, or the test fails. */
async function hasExactly(user: ApiUser, room: string, word: string, expected: readonly string[]): Promise<void> {
  await eventually(
    `${user.id} has all that was said of ${word}`,
    async () => new Set(about(await user.bodies(room), word)).size >= expected.length,
  );
  assert.deepEqual(about(await user.bodies(room), word).toSorted(), expected.toSorted());
}

async function heardExactly(reader: Reader, room: string, word: string, expected: readonly string[]): Promise<void> {
  await eventually(
    `syncs have brought all that was said of ${word}`,
    async () => about(await reader.heard(room), word).length >= expected.length,
  );
  assert.deepEqual(about(await reader.heard(room), word).toSorted(), expected.toSorted());
}

async function sayAll(user: ApiUser, room: string, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) await user.say(room, body);
}

/** Synapse has tried to reach Copse in vain, and will not try for a day. */
async function givenUp({ servers }: Scene, from: number): Promise<void> {
  await eventually('Synapse gives up', async () =>
    /[Cc]onnection (?:was )?refused|ConnectionRefused|ConnectError/.test(servers.synapse.log.slice(from)),
  );
}

async function copseAway(scene: Scene, t: TestContext): Promise<void> {
  const { servers, carl, sue, rooms } = scene;
  const reader = new Reader(carl);
  for (const room of rooms) await reader.heard(room);
  await servers.copse.kill9();
  const from = servers.synapse.log.length;
  const halves = rooms.map((_, at) => texts(`away-${at}`, 70));
  await sayAll(sue, rooms[0], halves[0]?.slice(0, 1) ?? []);
  await givenUp(scene, from);
  await sayAll(sue, rooms[0], halves[0]?.slice(1) ?? []);
  await sayAll(sue, rooms[1], halves[1] ?? []);
  await servers.copse.restart();
  const began = performance.now();
  for (const [at, room] of rooms.entries()) await heardExactly(reader, room, `away-${at}`, halves[at] ?? []);
  const tookMs = performance.now() - began;
  t.diagnostic(`140 of 140 after ${(tookMs / 1000).toFixed(1)} s`);
  assertTook(tookMs, ALL_THERE_MS, '140 messages');
  for (const [at, room] of rooms.entries()) await hasExactly(carl, room, `away-${at}`, halves[at] ?? []);
}

async function copseAwayForMany({ servers, carl, sue, rooms: [room] }: Scene): Promise<void> {
  const reader = new Reader(carl);
  await reader.heard(room);
  await servers.copse.kill9();
  const said = texts('many', 300);
  await sayAll(sue, room, said);
  await servers.copse.restart();
  await heardExactly(reader, room, 'many', said);
  await hasExactly(carl, room, 'many', said);
}

async function synapseAway({ servers, carl, sue, rooms: [, room] }: Scene): Promise<void> {
  await servers.synapse.stop();
  const said = texts('unheard', 300);
  await sayAll(carl, room, said);
  await servers.synapse.start();
  await hasExactly(sue, room, 'unheard', said);
}

async function killedSending({ servers, carl, sue, rooms: [room] }: Scene): Promise<void> {
  const reader = new Reader(carl);
  await reader.heard(room);
  const said = texts('sent', 100);
  await killBetween(servers, said, body => carl.insist(room, body));
  await hasExactly(carl, room, 'sent', said);
  await heardExactly(reader, room, 'sent', said);
  await hasExactly(sue, room, 'sent', said);
}

async function killedReceiving({ servers, carl, sue, rooms: [, room] }: Scene): Promise<void> {
  const reader = new Reader(carl);
  await reader.heard(room);
  const said = texts('received', 100);
  await killBetween(servers, said, body => sue.say(room, body));
  await hasExactly(carl, room, 'received', said);
  await heardExactly(reader, room, 'received', said);
}

/** Kills Copse several times, each time while something is being said, and later in the course of it. */
async function killBetween({ copse }: TwoServers, said: readonly string[], say: (body: string) => Promise<unknown>) {
  const share = said.length / KILLS;
  let isUp: Promise<void> = Promise.resolve();
  for (const [at, body] of said.entries()) {
    const saying = say(body);
    if (at % share === share - 1) {
      await isUp;
      await wait(at / share);
      isUp = copse.kill9().then(() => copse.restart());
    }
    await saying;
  }
  await isUp;
}

/** As after a disk that lies, or a backup put back: what came since is acknowledged, and nowhere. */
async function lostTail({ servers: { copse }, carl, sue, rooms: [room] }: Scene): Promise<void> {
  const earlier = `${copse.dataDir}-earlier`;
  await copse.kill9();
  cpSync(copse.dataDir, earlier, { recursive: true });
  await copse.restart();
  const said = texts('lost', 40);
  await sayAll(sue, room, said);
  await hasExactly(carl, room, 'lost', said);
  await copse.kill9();
  rmSync(copse.dataDir, { recursive: true });
  cpSync(earlier, copse.dataDir, { recursive: true });
  await copse.restart();
  const reader = new Reader(carl);
  await hasExactly(carl, room, 'lost', said);
  await heardExactly(reader, room, 'lost', said);
}
