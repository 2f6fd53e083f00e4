/**
 * Rooms of thousands of users on thousands of servers, joined by a server that may use 256 MiB, under a limit of 512 MiB beyond
 * which the kernel ends it: `./copse test bigroom [--small] [PART...]`. A crowd on slow lines is lived through with budget and
 * guard, and has to end it without them, or the limit says nothing. Then a room of whose servers a third give their keys late,
 * on a busy machine, and a storm of joins. Linux, as root for the limit; some minutes. The last line is `N passed, N failed`.
 */
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { JsonObject } from '../../src/core/json.ts';
import { Checks, mib } from '../bench/checks.ts';
import { LoadUser } from '../bench/load-user.ts';
import { MeasuredServer, type Through } from '../bench/measured-server.ts';
import { Outcomes, send } from '../bench/overload-client.ts';
import { patiently } from '../bench/patiently.ts';
import { HugeFederation } from './huge-federation.ts';
import type { HugeRoom } from './huge-room.ts';
import { joinStorm } from './join-storm.ts';
import { MemoryLimit } from './memory-limit.ts';
import { slowCrowd } from './slow-crowd.ts';

const MIB = 1024 * 1024;
const LIMIT = 512 * MIB;
const isSmall = process.argv.includes('--small');
const SMALL = isSmall ? { users: 300, servers: 60 } : { users: 1340, servers: 300 };
const LARGE = isSmall ? { users: 3000, servers: 300 } : { users: 20_000, servers: 3000 };
/** Rooms that are dear to tell. A server is in one of each size: the second one of that name has other keys than the first. */
const CROWDED = { users: 5000, servers: 300 };
/** Who is there on slow lines: first syncs, and backups of keys of 4 MiB each. */
const SLOW = { syncs: 40, backups: 160 };
/** First syncs at once, all members included, by clients that read slowly. */
const CROWD = 80;
const READ_AFTER_MS = 5000;
const MESSAGES = 40;
/** Threads that take what they get of the machine. */
const LOOPS = 6;
/** All messages may come with one sync. */
const FILTER = JSON.stringify({ room: { timeline: { limit: 2 * MESSAGES } } });
const PATIENCE_MS = isSmall ? 60_000 : 15 * 60_000;
const PATIENCE = { longestMs: PATIENCE_MS, pauseMs: 1000 };
const SETTINGS = {
  allowed_private_addresses: { federation: ['127.0.0.0/8'] },
  federation: { verify_tls: false, trusted_key_servers: [] },
};

const checks = new Checks();
const { check } = checks;

await using federation = await HugeFederation.open(LARGE.servers);
const small = federation.room(SMALL.users, SMALL.servers);
let made: HugeRoom | undefined;

const PARTS = { joins: bothJoins, 'without-guard': withoutGuard, starved, storm };
const asked = process.argv.slice(2).filter(argument => !argument.startsWith('--'));
for (const [name, run] of Object.entries(PARTS)) if (asked.length === 0 || asked.includes(name)) await run();
checks.end();

async function bothJoins(): Promise<void> {
  using limit = MemoryLimit.open(LIMIT);
  if (limit === undefined) checks.skip();
  const through = limit === undefined ? {} : { command: limit.command };
  await using server = await MeasuredServer.start({ ...SETTINGS, memory: '256M' }, through);
  const [alice, bob] = [await LoadUser.register(server.url, 'alice'), await LoadUser.register(server.url, 'bob')];
  await Promise.all([enter(alice, small), enter(bob, large())]);
  await whole('the smaller room', alice, small, SMALL.users + 1);
  await whole('the larger room', bob, large(), LARGE.users + 1);
  for (const [user, room] of [
    [alice, small],
    [bob, large()],
  ] as const) {
    const answer = await patiently(() => user.sync({}), PATIENCE);
    check('a first sync', JSON.stringify(answer).includes(room.id), `${JSON.stringify(answer).length} characters`);
  }
  await messages(server, bob);
  const outcomes = await crowd(server, bob);
  check('a crowd is served or told when to come back', outcomes.wrong.length === 0, outcomes.text);
  const { peak, cpu } = server.usage;
  check('the server lives', server.isRunning, `at the most ${mib(peak)} resident, ${cpu.toFixed(1)} s of CPU`);
  check('inside its memory', peak < LIMIT, `${limit?.killed ?? 0} processes were ended`);
}

/** A crowd that is too much for the limit: with budget and guard it is lived through, without them it is not. */
async function withoutGuard(): Promise<void> {
  using limit = isSmall ? undefined : MemoryLimit.open(LIMIT);
  if (limit === undefined) {
    checks.skip();
    return;
  }
  const { command } = limit;
  const guarded = await throng(CROWDED.users, '256M', { command });
  check('a crowd on slow lines is lived through', guarded.ending === undefined, guarded.text);
  check(
    'it is served or told when to come back',
    guarded.wrong.length === 0,
    guarded.wrong.join(', ') || 'nothing else',
  );
  const blind = pathToFileURL(`${import.meta.dirname}/without-guard.ts`).href;
  const environment = { NODE_OPTIONS: `--import ${blind}` };
  const { ending, text } = await throng(CROWDED.users + 1, '64G', { command, environment });
  // By the kernel, or by V8, which knows the limit as well.
  check('without budget and guard it is ended', ending !== undefined, `${limit.killed} by the kernel; ${text}`);
}

/** How a server fares in a room of so many users with a crowd on slow lines. */
async function throng(users: number, memory: string, through: Through) {
  const room = federation.room(users, CROWDED.servers);
  await using server = await MeasuredServer.start({ ...SETTINGS, memory }, through);
  const carol = await LoadUser.register(server.url, 'carol');
  await enter(carol, room);
  const there = await members(carol, room, users + 1);
  const began = performance.now();
  const outcomes = await slowCrowd(server.url, carol.token, SLOW);
  const ending = await server.ending();
  const fate = ending ?? `at the most ${mib(server.usage.peak)} resident`;
  return { ending, wrong: outcomes.wrong, text: `${fate}; ${there} members; ${outcomes.text}; ${seconds(began)}` };
}

/**
 * A third of the servers refuse their keys or give them late, and the machine is busy with something else: whose members are
 * missing is shown, and they come.
 */
async function starved(): Promise<void> {
  const loops = Array.from({ length: LOOPS }, () => new Worker('for (;;);', { eval: true }));
  federation.keys = at => (at % 6 === 1 ? 'slow' : at % 6 === 2 ? 'refused' : 'given');
  await using server = await MeasuredServer.start({ ...SETTINGS, memory: '256M' });
  const root = await LoadUser.register(server.url, 'root', true);
  await enter(root, small);
  const joins = () => root.joins();
  const awaited = async () => {
    const { running, unfinished } = (await joins()) as { running: JsonObject[]; unfinished: JsonObject[] };
    return [...running.map(({ aside }) => aside), ...unfinished.map(({ awaited }) => awaited)].some(n => Number(n) > 0);
  };
  check('what is missing is shown', await until(awaited), JSON.stringify(await joins()));
  federation.keys = () => 'given';
  await whole('the room', root, small, SMALL.users + 1);
  check('nothing is missing any more', await until(async () => !(await awaited())), JSON.stringify(await joins()));
  for (const loop of loops) await loop.terminate();
}

/** N108: 200 joins a second of a room of 10,000 people on 3,000 servers. */
async function storm(): Promise<void> {
  const [users, servers, seconds] = isSmall ? [300, 60, 2] : [10_000, 3000, 10];
  const room = federation.room(users, servers);
  using limit = MemoryLimit.open(LIMIT);
  const through = limit === undefined ? {} : { command: limit.command };
  await using server = await MeasuredServer.start({ ...SETTINGS, memory: '256M' }, through);
  const [alice, bob] = [await LoadUser.register(server.url, 'alice'), await LoadUser.register(server.url, 'bob')];
  const calm = await alice.createRoom();
  await bob.join(calm);
  await enter(alice, room);
  await whole('the room', alice, room, users + 1);
  const story = { server, federation, room, speaker: alice, listener: bob, calm, limit: LIMIT, seconds };
  const joined = await joinStorm(story, checks);
  await whole('the room, after the storm,', alice, room, users + 1 + joined);
}

/** It takes a while to sign. */
function large(): HugeRoom {
  made ??= federation.room(LARGE.users, LARGE.servers);
  return made;
}

async function enter(user: LoadUser, room: HugeRoom): Promise<void> {
  const began = performance.now();
  await user.joinThrough(room.id, federation.resident);
  await user.send(room.id, { body: 'hello' });
  console.log(`       ${room.id}: joined, and the first message sent, after ${seconds(began)}`);
}

async function whole(what: string, user: LoadUser, room: HugeRoom, wanted: number): Promise<void> {
  const began = performance.now();
  const there = await members(user, room, wanted);
  check(`all members of ${what} are there`, there === wanted, `${there} of ${wanted}, after ${seconds(began)}`);
}

/** Waits for all members of a room; answers how many there are in the end. */
async function members(user: LoadUser, room: HugeRoom, wanted: number): Promise<number> {
  let there = 0;
  await until(async () => {
    there = await user.members(room.id).catch(() => there);
    return there === wanted;
  });
  return there;
}

/** What others say in the larger room is shown. */
async function messages(server: MeasuredServer, user: LoadUser): Promise<void> {
  let since = await patiently(() => user.position(), PATIENCE);
  const before = server.usage.cpu;
  const missing = new Set<string>();
  for (let at = 0; at < MESSAGES; at++) {
    const said = large().say(at * 97, `message ${at}`);
    missing.add(said.id);
    await federation.send(server.url, 'load.test', said.server, [said.pdu]);
  }
  await until(async () => {
    const answer = await user.sync({ since, timeout: '1000', filter: FILTER });
    since = String(answer.next_batch);
    const text = JSON.stringify(answer);
    for (const id of missing) if (text.includes(id)) missing.delete(id);
    return missing.size === 0;
  });
  const cost = ((server.usage.cpu - before) * 1000) / MESSAGES;
  check(
    'messages of others are shown',
    missing.size === 0,
    `${missing.size} missing, ${cost.toFixed(1)} ms of CPU each`,
  );
}

async function crowd(server: MeasuredServer, { token }: LoadUser): Promise<Outcomes> {
  const outcomes = new Outcomes();
  const call = { method: 'GET', path: '/_matrix/client/v3/sync', token, readAfterMs: READ_AFTER_MS } as const;
  await Promise.all(Array.from({ length: CROWD }, async () => outcomes.count(await send(server.url, call))));
  return outcomes;
}

async function until(holds: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end) {
    if (await holds()) return true;
    await setTimeout(500);
  }
  return false;
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
