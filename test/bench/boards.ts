/**
 * What more boards bring, and what they cost: `./copse test bench-boards [BOARDS[-whole]...]` makes labs of 1, 2 and 4 boards, lets each
 * board use the same part of a processor, and has people send and wait for news through the fronts. One line of JSON for each
 * number of boards. Processor time is that of the control groups of the boards, of PostgreSQL and of NATS; the clients' is not
 * counted. `4-whole` has one process for everything on each board, where four boards else have processes for each part. No bars: what was measured is in docs/benchmarks.md.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { getObject, getString } from '../../src/core/json.ts';
import { TestLab } from '../lab/test-lab.ts';
import { LoadUser } from './load-user.ts';
import { SECRET } from './measured-server.ts';
import { sideBySide } from './side-by-side.ts';

/** Of a processor, for each board: small, so that four of them and the clients find room on two. */
const CPUS = 0.15;
const ROOMS = 8;
const PEOPLE = 5;
const WARM_UP_MS = 5000;
const WINDOW_MS = 20_000;
/** Between two messages of a room while others wait for them. */
const PAUSE_MS = 1500;

const round = (value: number) => Math.round(value * 100) / 100;

interface Room {
  readonly id: string;
  readonly people: readonly LoadUser[];
}

/** Milliseconds of processors until now. */
interface Spent {
  readonly boards: number;
  readonly database: number;
  readonly bus: number;
}

async function gather(world: TestLab): Promise<readonly Room[]> {
  const urls = world.lab.urls;
  return sideBySide(
    Array.from({ length: ROOMS }, (_, at) => at),
    async room => {
      const people: LoadUser[] = [];
      for (let at = 0; at < PEOPLE; at++)
        people.push(await again(() => LoadUser.register(urls[(room + at) % urls.length] ?? '', `user-${room}-${at}`)));
      const [first, ...others] = people;
      const id = (await first?.createRoom()) ?? '';
      for (const other of others) await other.join(id);
      return { id, people };
    },
  );
}

async function spent({ lab }: TestLab): Promise<Spent> {
  const status = await lab.status();
  const of = (kind: string) => status.reduce((sum, { machine, cpuMs }) => sum + (machine.kind === kind ? cpuMs : 0), 0);
  return { boards: of('board'), database: of('database'), bus: of('bus') };
}

/** What a piece of work took of each, in milliseconds for each of `count`. */
function each(before: Spent, after: Spent, count: number) {
  return {
    boards_ms: round((after.boards - before.boards) / count),
    database_ms: round((after.database - before.database) / count),
    bus_ms: round((after.bus - before.bus) / count),
  };
}

/** nginx closes idle connections when it is told of other processes; a client tries again. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 3 || (error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
    }
  }
}

/** Two of each room write one message after the other. */
async function sending(world: TestLab, rooms: readonly Room[]) {
  let count = 0;
  let isOver = false;
  const writers = rooms.flatMap(({ id, people }) =>
    people.slice(0, 2).map(async writer => {
      for (; !isOver; count++) await again(() => writer.send(id, { body: 'as long as what people write' }));
    }),
  );
  await wait(WARM_UP_MS);
  const [before, from, began] = [await spent(world), count, performance.now()];
  await wait(WINDOW_MS);
  const [after, messages, seconds] = [await spent(world), count - from, (performance.now() - began) / 1000];
  isOver = true;
  await Promise.all(writers);
  return { messages_per_second: round(messages / seconds), ...each(before, after, messages) };
}

/** One of each room writes now and then, and the others wait for it. */
async function fanOut(world: TestLab, rooms: readonly Room[]) {
  let delivered = 0;
  let isOver = false;
  const waiting = rooms.flatMap(({ id, people }) =>
    people.slice(1).map(async reader => {
      let since = await again(() => reader.position());
      while (!isOver) {
        const answer = await again(() => reader.sync({ since, timeout: '3000' }));
        since = getString(answer, 'next_batch') ?? '';
        const room = getObject(getObject(getObject(answer, 'rooms') ?? {}, 'join') ?? {}, id) ?? {};
        const events = getObject(room, 'timeline')?.events;
        delivered += Array.isArray(events) ? events.length : 0;
      }
    }),
  );
  const writing = rooms.map(async ({ id, people: [writer] }) => {
    for (let at = 0; !isOver; at++) {
      await again(async () => writer?.send(id, { body: `message ${at}` }));
      await wait(PAUSE_MS);
    }
  });
  await wait(WARM_UP_MS);
  const [before, from, began] = [await spent(world), delivered, performance.now()];
  await wait(WINDOW_MS);
  const [after, count, seconds] = [await spent(world), delivered - from, (performance.now() - began) / 1000];
  isOver = true;
  await Promise.all([...waiting, ...writing]);
  return { deliveries_per_second: round(count / seconds), ...each(before, after, count) };
}

/** What they use while nobody asks for anything, in thousandths of a processor. */
async function idle(world: TestLab) {
  const [before, began] = [await spent(world), performance.now()];
  await wait(WINDOW_MS);
  const [after, seconds] = [await spent(world), (performance.now() - began) / 1000];
  return each(before, after, seconds);
}

/** One process for everything on each board. */
async function makeWhole({ lab }: TestLab): Promise<void> {
  const [first] = lab.boards;
  if (first === undefined) throw new Error('there is a board');
  const fronts = { boards: lab.boards.slice(0, 2).map(({ name }) => name), program: 'nginx' };
  const wanted = { parts: { all: { roles: [], count: 'each' } }, fronts, media_shared: true };
  const folder = mkdtempSync(join(tmpdir(), 'copse-boards-'));
  writeFileSync(join(folder, 'cluster.yaml'), JSON.stringify(wanted));
  lab.say(first, ...lab.copse(first, 'apply', join(folder, 'cluster.yaml')));
  rmSync(folder, { recursive: true });
  await lab.settled();
}

const asked = process.argv.slice(2);
for (const kind of asked.length > 0 ? asked : ['1', '2', '4', '4-whole']) {
  const boards = Number.parseInt(kind, 10);
  await using world = await TestLab.start({ boards, config: { registration_shared_secret: SECRET } });
  if (kind.endsWith('-whole')) await makeWhole(world);
  const processes = world.boards.flatMap(board => world.lab.assignments(board)).filter(({ kind }) => kind === 'role');
  const rooms = await gather(world);
  for (const board of world.boards) world.lab.limit(board, CPUS);
  const outcome = {
    ...{ boards: kind, cpus_each: CPUS, processes: processes.length },
    idle: await idle(world),
    send: await sending(world, rooms),
    fan_out: await fanOut(world, rooms),
  };
  console.log(JSON.stringify(outcome));
}
