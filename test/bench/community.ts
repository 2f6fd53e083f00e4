/**
 * What one board needs for a community: `./copse test bench-community [sqlite] [postgres] [--small]`. Rooms of 400, 430 and 1,340
 * users on 300 servers are joined, 100 clients of this server are in all of them and wait with long-polls, and others say
 * something five times a second. Memory is what the server and, on PostgreSQL, the database take away from others (Pss), looked
 * at five times a second. The last line is `N passed, N failed`; a bar that is missed fails.
 */
import { setTimeout } from 'node:timers/promises';
import { HugeFederation } from '../bigroom/huge-federation.ts';
import type { HugeRoom } from '../bigroom/huge-room.ts';
import { type KillablePostgres, ownPostgres } from '../support/postgres.ts';
import { Checks, mib } from './checks.ts';
import { CommunityClient, communityOf, enough } from './community-client.ts';
import { LoadUser } from './load-user.ts';
import { MeasuredServer } from './measured-server.ts';
import { patiently } from './patiently.ts';

const MIB = 1024 * 1024;
const BAR = 400 * MIB;
const isSmall = process.argv.includes('--small');
const { sizes: SIZES, servers: SERVERS, clients: CLIENTS } = communityOf(isSmall);
const TALK_MS = isSmall ? 5000 : 60_000;
const BETWEEN_MS = 200;
const PATIENCE_MS = 10 * 60_000;
const CONNECTIONS = 10;

const checks = new Checks();
const { check } = checks;

/** The most memory that was seen, of the server alone and of all. */
class Peak implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #looking: Promise<void>;
  server = 0;
  all = 0;

  constructor(server: MeasuredServer, database: KillablePostgres | undefined) {
    this.#looking = this.#look(server, database);
  }

  async #look(server: MeasuredServer, database: KillablePostgres | undefined): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const own = server.memory;
      this.server = Math.max(this.server, own);
      this.all = Math.max(this.all, own + (database?.memory ?? 0));
      await setTimeout(BETWEEN_MS);
    }
  }

  get text(): string {
    return `${mib(this.all)} altogether, ${mib(this.server)} the server`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#looking;
  }
}

const databases = process.argv.slice(2).filter(word => !word.startsWith('--'));
for (const database of ['sqlite', 'postgres'])
  if (databases.length === 0 || databases.includes(database)) await oneBoard(database === 'postgres');
checks.end();

async function oneBoard(onPostgres: boolean): Promise<void> {
  // The rooms know the users of one server by its key: each server comes to rooms of its own.
  await using federation = await HugeFederation.open(SERVERS);
  const rooms = SIZES.map(users => federation.room(users, SERVERS));
  const database = onPostgres ? await ownPostgres() : undefined;
  await database?.start();
  const settings = {
    allowed_private_addresses: { federation: ['127.0.0.0/8'] },
    federation: { verify_tls: false, trusted_key_servers: [] },
    ...(database && { database: { url: database.url, connections: CONNECTIONS } }),
  };
  try {
    await using server = await MeasuredServer.start({ ...settings, memory: '256M' });
    await using peak = new Peak(server, database);
    console.log(`       ${onPostgres ? 'PostgreSQL' : 'SQLite'}`);
    await community({ server, federation, rooms });
    const what = `memory on ${onPostgres ? 'PostgreSQL' : 'SQLite'} stays under ${mib(BAR)}`;
    check(what, peak.all < BAR, `${peak.text} at the most, ${server.usage.cpu.toFixed(1)} s of CPU`);
    // That memory is tight for a moment is no fault.
    const faults = server.warnings.split('\n').filter(line => line.includes('"level":"error"'));
    check('nothing went wrong', faults.length === 0, faults[0]?.slice(0, 500) ?? 'no errors');
  } finally {
    await database?.stop();
  }
}

interface Talk {
  readonly server: MeasuredServer;
  readonly federation: HugeFederation;
  readonly rooms: readonly HugeRoom[];
}

/** Joins, clients, talk. */
async function community({ server, federation, rooms }: Talk): Promise<void> {
  const users: LoadUser[] = [];
  for (let at = 0; at < CLIENTS; at++) users.push(await LoadUser.register(server.url, `user${at}`));
  const [first] = users;
  for (const [at, room] of rooms.entries()) {
    await patiently(() => first!.joinThrough(room.id, federation.resident));
    await patiently(async () => enough(await first!.members(room.id), SIZES[at]! + 1));
    for (const user of users.slice(1)) await patiently(() => user.join(room.id));
  }
  const clients = users.map(user => new CommunityClient(user));
  for (const client of clients) await client.begin();
  const stop = new AbortController();
  const polls = clients.map(client => client.poll(stop.signal));
  const said = await talk({ server, federation, rooms }, clients);
  const end = performance.now() + PATIENCE_MS;
  const missing = () => clients.reduce((sum, client) => sum + client.missing.size, 0);
  while (missing() > 0 && performance.now() < end) await setTimeout(BETWEEN_MS);
  check('everybody sees everything', missing() === 0, `${missing()} of ${said * CLIENTS} missing`);
  stop.abort();
  await Promise.all(polls);
  const wrong = clients.flatMap(client => client.wrong);
  check('no poll fails', wrong.length === 0, wrong[0] ?? `${CLIENTS} clients`);
}

/** What others say, one thing in a room after the other. Answers how many. */
async function talk({ server, federation, rooms }: Talk, clients: readonly CommunityClient[]): Promise<number> {
  const end = performance.now() + TALK_MS;
  let said = 0;
  for (; performance.now() < end; said++) {
    const { id, pdu, server: origin } = rooms[said % rooms.length]!.say(said * 97, `message ${said}`);
    for (const client of clients) client.missing.add(id);
    await federation.send(server.url, 'load.test', origin, [pdu]);
    await setTimeout(BETWEEN_MS);
  }
  return said;
}
