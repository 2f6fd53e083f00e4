/**
 * What four boards of 512 MB do for a community: `./copse test bench-community-boards [community] [connections] [--small]`.
 * `community`: rooms of 400, 430 and 1,340 users on 300 servers are joined, 100 clients are in all of them and wait with
 * long-polls, others say something five times a second; then one board loses its power, and it goes on. `connections`: four
 * processes on each of four boards and 200 clients, twenty messages a second. A lab, as root. The last line is
 * `N passed, N failed`.
 */
import { setTimeout } from 'node:timers/promises';
import { engineUrls } from '../../src/cluster/lab/engines.ts';
import { connectionsOf as budgetOf, hostAddress } from '../../src/cluster/lab/lab-plan.ts';
import { run } from '../../src/cluster/lab/run.ts';
import { PostgresDatabase } from '../../src/db/postgres.ts';
import { HugeFederation } from '../bigroom/huge-federation.ts';
import type { HugeRoom } from '../bigroom/huge-room.ts';
import { connectionsOf } from '../cluster/connections.table.ts';
import { Crowd } from '../lab/crowd.ts';
import { MIB, TestLab } from '../lab/test-lab.ts';
import { SERVER_NAME } from '../support/running-server.ts';
import { Checks, mib } from './checks.ts';
import { CommunityClient, communityOf, enough } from './community-client.ts';
import { LoadUser } from './load-user.ts';
import { SECRET } from './measured-server.ts';
import { patiently } from './patiently.ts';

const isSmall = process.argv.includes('--small');
const { sizes: SIZES, servers: SERVERS, clients: CLIENTS } = communityOf(isSmall);
const TALK_MS = isSmall ? 10_000 : 60_000;
const BETWEEN_MS = 200;
const PATIENCE_MS = 5 * 60_000;
/** Clients of people give up at some time after the end of the long-poll that they asked for; what has no power says nothing. */
const GIVEN_UP_AFTER_MS = 20_000;
/** Of the servers of others: this machine has all of these addresses while a lab is up. */
const NETWORK = '10.250';
/** Twenty messages a second. */
const CROWD = isSmall ? { rooms: 3, people: 5, everyMs: 1000 } : { rooms: 20, people: 10, everyMs: 1000 };
/** Four on each board that together do everything. */
const FOUR_EACH = {
  client: { roles: ['client', 'media', 'initial-sync'], count: 'each', memory: '128M' },
  sync: { roles: ['sync'], count: 'each', memory: '128M' },
  rooms: { roles: ['rooms', 'federation-in', 'federation-out'], count: 'each', memory: '128M' },
  work: { roles: ['push', 'appservice', 'maintenance', 'doctor'], count: 'each', memory: '128M' },
};

const checks = new Checks();
const { check } = checks;

/** Memory of boards and connections to the database, looked at all the time. */
class Watch implements AsyncDisposable {
  readonly #world: TestLab;
  readonly #db: PostgresDatabase;
  readonly #stop = new AbortController();
  readonly #looking: Promise<void>;
  readonly peaks = new Map<string, number>();
  connections = 0;

  constructor(world: TestLab) {
    this.#world = world;
    const { lab } = world;
    const { database: url } = engineUrls(lab.machine('database'), lab.machine('bus'));
    this.#db = new PostgresDatabase({ url, connections: 1 });
    this.#looking = this.#look();
  }

  async #look(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      for (const { machine, memory } of await this.#world.lab.status())
        if (machine.kind === 'board') this.peaks.set(machine.name, Math.max(memory, this.peaks.get(machine.name) ?? 0));
      this.connections = Math.max(this.connections, await connectionsOf(this.#db));
      await setTimeout(BETWEEN_MS);
    }
  }

  /** What each board had at the most. */
  get text(): string {
    return [...this.peaks].map(([name, bytes]) => `${name} ${mib(bytes)}`).join(', ');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#looking;
    await this.#db[Symbol.asyncDispose]();
  }
}

function checkBudget({ lab }: TestLab, watch: Watch, processes: number): void {
  const budget = budgetOf(lab.plan);
  const facts = `${watch.connections} at the most of ${budget}, ${processes} processes`;
  check('connections stay within the budget', watch.connections <= budget, facts);
}

async function checkKills(world: TestLab): Promise<void> {
  const status = await world.lab.status();
  const killed = status.reduce((sum, each) => sum + each.killed, 0);
  check('the kernel ends nothing', killed === 0, `${killed} processes`);
}

const rolesIn = ({ lab }: TestLab) =>
  lab.boards.flatMap(board => lab.assignments(board)).filter(({ kind }) => kind === 'role').length;

async function community(): Promise<void> {
  await using federation = await HugeFederation.open(SERVERS, NETWORK);
  const rooms = SIZES.map(users => federation.room(users, SERVERS));
  await using world = await TestLab.start({
    config: {
      registration_shared_secret: SECRET,
      allowed_private_addresses: { federation: [`${NETWORK}.0.0/16`] },
      federation: { verify_tls: false, trusted_key_servers: [] },
    },
  });
  const { lab } = world;
  using _ = routed(world);
  await using watch = new Watch(world);
  const clients = await gather(world, rooms, federation);
  const stop = new AbortController();
  const polls = clients.map(client => client.poll(stop.signal));
  const speak = () => talk(lab.urls[0] ?? '', { federation, rooms }, clients);
  await seen('four boards', await speak(), clients);
  const dead = lab.boards[2]!;
  await lab.kill(dead);
  await seen(`${dead.name} without power`, await speak(), clients);
  stop.abort();
  await Promise.all(polls);
  const wrong = clients.flatMap(client => client.wrong);
  check('no poll fails for good', wrong.length === 0, wrong[0] ?? `${CLIENTS} clients`);
  const full = [...watch.peaks.values()].filter(bytes => bytes >= 512 * MIB);
  check('each board stays within 512 MB', full.length === 0, watch.text);
  checkBudget(world, watch, rolesIn(world));
  await checkKills(world);
}

/** Boards reach the servers of others on this machine while the lab is up. */
function routed({ lab }: TestLab): Disposable {
  const range = `${NETWORK}.0.0/16`;
  run('ip', 'route', 'add', 'local', range, 'dev', 'lo');
  const host = hostAddress(lab.plan);
  for (const { namespace } of lab.boards)
    run('nsenter', `--net=/run/netns/${namespace}`, 'ip', 'route', 'add', range, 'via', host);
  return { [Symbol.dispose]: () => void run('ip', 'route', 'del', 'local', range, 'dev', 'lo') };
}

async function gather({ lab }: TestLab, rooms: readonly HugeRoom[], { resident }: HugeFederation) {
  const users: LoadUser[] = [];
  for (let at = 0; at < CLIENTS; at++)
    users.push(await patiently(() => LoadUser.register(lab.urls[at % lab.urls.length] ?? '', `user${at}`)));
  const [first] = users;
  for (const [at, room] of rooms.entries()) {
    await patiently(() => first!.joinThrough(room.id, resident));
    await patiently(async () => enough(await first!.members(room.id), SIZES[at]! + 1));
    for (const user of users.slice(1)) await patiently(() => user.join(room.id));
    console.log(`       a room of ${SIZES[at]}: everybody is in it`);
  }
  // Whoever a process took with it asks again, and so does whom the front has nobody for, and who hears nothing.
  const isToBeRepeated = (error: unknown) => /ECONNRESET|socket hang up|: 50[234] /.test(String(error));
  const clients = users.map(user => new CommunityClient(user, { isToBeRepeated, patienceMs: GIVEN_UP_AFTER_MS }));
  for (const client of clients) await client.begin();
  return clients;
}

interface Others {
  readonly federation: HugeFederation;
  readonly rooms: readonly HugeRoom[];
}

/** What others say, one thing in a room after the other, until it is taken. Answers how many. */
async function talk(url: string, { federation, rooms }: Others, clients: readonly CommunityClient[]): Promise<number> {
  const end = performance.now() + TALK_MS;
  let said = 0;
  for (; performance.now() < end; said++) {
    const { id, pdu, server: origin } = rooms[said % rooms.length]!.say(said * 97, `message ${said}`);
    for (const client of clients) client.missing.add(id);
    await patiently(async () => taken(await federation.send(url, SERVER_NAME, origin, [pdu])));
    await setTimeout(BETWEEN_MS);
  }
  return said;
}

/** @throws for a status that says that it is to be sent again */
function taken(status: number): void {
  if (status !== 200) throw new Error(`answered with ${status}`);
}

async function seen(when: string, said: number, clients: readonly CommunityClient[]): Promise<void> {
  const began = performance.now();
  const missing = () => clients.reduce((sum, client) => sum + client.missing.size, 0);
  while (missing() > 0 && performance.now() < began + PATIENCE_MS) await setTimeout(BETWEEN_MS);
  const late = ((performance.now() - began) / 1000).toFixed(1);
  check(
    `everybody sees everything: ${when}`,
    missing() === 0,
    `${missing()} of ${said * CLIENTS} missing after ${late} s`,
  );
}

async function connections(): Promise<void> {
  await using world = await TestLab.start({ memory: 1024 * MIB });
  const fronts = { boards: ['b1', 'b2'], program: 'nginx' };
  await world.want({ parts: FOUR_EACH, fronts, media_shared: true });
  await using watch = new Watch(world);
  using crowd = await Crowd.gather(world.doors, CROWD);
  await crowd.servedAfter();
  await setTimeout(TALK_MS);
  const wrong = await crowd.check().then(() => '', String);
  check('200 clients read what was written, once and in order', wrong === '', wrong || `${crowd.count} messages`);
  check('nobody was refused', crowd.retries === 0, `${crowd.retries} requests were done again`);
  checkBudget(world, watch, rolesIn(world));
  await checkKills(world);
}

const parts = process.argv.slice(2).filter(word => !word.startsWith('--'));
for (const [name, work] of Object.entries({ community, connections }))
  if (parts.length === 0 || parts.includes(name)) await work();
checks.end();
