/**
 * Load on a whole server, started as users start it, on Linux: `./copse test bench-load [--postgres] [SCENARIO...]`. One line
 * of JSON for each scenario. With `--postgres` on a PostgreSQL of its own, whose processor time is told apart. Processor time is that of the server and its children, from /proc: unlike the clock on the wall it
 * can be compared on a busy machine. No bars: what must not get worse is in docs/benchmarks.md.
 */
import { getObject, getString } from '../../src/core/json.ts';
import { newDatabase } from '../support/databases.ts';
import { type KillablePostgres, ownPostgres } from '../support/postgres.ts';
import { LoadUser } from './load-user.ts';
import { MeasuredServer } from './measured-server.ts';
import { sideBySide } from './side-by-side.ts';

const MIB = 1024 * 1024;

/** Processor time in seconds of a database that is no part of the server: none with SQLite. */
type Theirs = () => number;

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms));
const round = (value: number) => Math.round(value * 100) / 100;

async function usersOf(server: MeasuredServer, count: number): Promise<LoadUser[]> {
  const names = Array.from({ length: count }, (_, at) => `user${at}`);
  return sideBySide(names, name => LoadUser.register(server.url, name));
}

async function roomOf(users: readonly LoadUser[]): Promise<string> {
  const [first, ...others] = users;
  const room = (await first?.createRoom()) ?? '';
  await sideBySide(others, user => user.join(room));
  return room;
}

function filterFor(room: string): string {
  return JSON.stringify({
    presence: { not_types: ['*'] },
    room: { rooms: [room], state: { lazy_load_members: true }, timeline: { limit: 50 } },
  });
}

/** Ten users write into a room at the same time. */
async function send(server: MeasuredServer, theirs: Theirs) {
  const users = await usersOf(server, 10);
  const room = await roomOf(users);
  const messages = 500;
  const write = (count: number) =>
    Promise.all(
      users.map(async user => {
        for (let at = 0; at < count / users.length; at++)
          await user.send(room, { body: 'as long as what people write' });
      }),
    );
  await write(100);
  const before = server.usage.cpu;
  const database = theirs();
  const began = performance.now();
  await write(messages);
  const seconds = (performance.now() - began) / 1000;
  await pause(500);
  return {
    messages,
    cpu_ms_per_message: round(((server.usage.cpu - before) * 1000) / messages),
    database_ms_per_message: round(((theirs() - database) * 1000) / messages),
    messages_per_second: round(messages / seconds),
  };
}

/** One user writes, all others wait for it. */
async function fanout(server: MeasuredServer, members: number, theirs: Theirs) {
  const [sender, ...others] = await usersOf(server, members + 1);
  if (sender === undefined) throw new Error('there are no users');
  const room = await roomOf([sender, ...others]);
  const filter = filterFor(room);
  const messages = 30;
  const last = others.map(() => 0);
  let delivered = 0;
  const waiting = others.map(async (user, at) => {
    let since = getString(await user.sync({ filter }), 'next_batch') ?? '';
    last[at] = 1;
    for (let seen = 0; seen < messages; ) {
      const answer = await user.sync({ filter, since, timeout: '30000' });
      since = getString(answer, 'next_batch') ?? '';
      const events = eventsOf(getObject(getObject(getObject(answer, 'rooms') ?? {}, 'join') ?? {}, room));
      seen += events;
      delivered += events;
    }
  });
  while (last.includes(0)) await pause(50);
  await pause(1000);
  const before = server.usage.cpu;
  const database = theirs();
  for (let at = 0; at < messages; at++) {
    await sender.send(room, { body: `message ${at}` });
    await pause(500);
  }
  await Promise.all(waiting);
  return {
    members,
    delivered,
    cpu_ms_per_delivery: round(((server.usage.cpu - before) * 1000) / delivered),
    database_ms_per_delivery: round(((theirs() - database) * 1000) / delivered),
  };
}

function eventsOf(block: ReturnType<typeof getObject>): number {
  const events = getObject(block ?? {}, 'timeline')?.events;
  return Array.isArray(events) ? events.length : 0;
}

/** A fresh server, and the same again after `kill -9`. */
async function restart(server: MeasuredServer) {
  await pause(2000);
  const empty = server.usage;
  await server.killAndStart();
  await pause(2000);
  const again = server.usage;
  return {
    empty_mib: round(empty.resident / MIB),
    first_start_cpu_s: round(empty.cpu),
    restart_mib: round(again.resident / MIB),
    restart_cpu_s: round(again.cpu),
  };
}

/** Users who wait for something to happen, and nothing does. */
async function idle(server: MeasuredServer) {
  const users = await usersOf(server, 1000);
  const places = await sideBySide(users, user => user.sync({}));
  await pause(3000);
  const before = server.usage;
  const polls = users.map((user, at) =>
    user.sync({ since: getString(places[at] ?? {}, 'next_batch') ?? '', timeout: '30000' }),
  );
  await pause(5000);
  const held = server.usage;
  await pause(10_000);
  const after = server.usage;
  await Promise.all(polls);
  return {
    polls: users.length,
    kib_per_poll: round((held.resident - before.resident) / 1024 / users.length),
    cpu_percent: round((after.cpu - held.cpu) * 10),
  };
}

const SCENARIOS: Readonly<Record<string, (server: MeasuredServer, theirs: Theirs) => Promise<object>>> = {
  restart,
  send,
  'fanout-50': (server, theirs) => fanout(server, 50, theirs),
  'fanout-200': (server, theirs) => fanout(server, 200, theirs),
  idle,
};

/** Runs one scenario on a server, and with PostgreSQL on a fresh one of that. */
async function measure(name: string, postgres: KillablePostgres | undefined): Promise<void> {
  const database = postgres && (await newDatabase(postgres.url));
  await using server = await MeasuredServer.start(database && { database: { url: database.url } });
  const found = await SCENARIOS[name]?.(server, () => postgres?.usage.cpu ?? 0);
  console.log(JSON.stringify({ scenario: name, ...found, peak_mib: round(server.usage.peak / MIB) }));
}

const words = process.argv.slice(2);
const asked = words.filter(word => word !== '--postgres');
const unknown = asked.filter(name => SCENARIOS[name] === undefined);
if (unknown.length > 0)
  throw new Error(`no such scenario: ${unknown.join(', ')}; there are ${Object.keys(SCENARIOS).join(', ')}`);
const postgres = words.includes('--postgres') ? await ownPostgres() : undefined;
if (words.includes('--postgres') && postgres === undefined) throw new Error('PostgreSQL is not installed');
try {
  await postgres?.start();
  for (const name of Object.keys(SCENARIOS))
    if (asked.length === 0 || asked.includes(name)) await measure(name, postgres);
} finally {
  await postgres?.stop();
}
process.exit(0);
