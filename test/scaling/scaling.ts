/**
 * What so many boards cost those who look after them: `./copse test scaling [BOARDS...]`. Boards, processes and deaths follow
 * from a seed; the code that decides, reports and beats is the product's own, over PostgreSQL where there is one.
 */
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { LocalBus } from '../../src/bus/bus.ts';
import { putAssignment } from '../../src/cluster/boards/assignment.table.ts';
import { putBoard, reportBoard } from '../../src/cluster/boards/board.table.ts';
import type { Board } from '../../src/cluster/boards/board.ts';
import { Roster } from '../../src/cluster/boards/roster.ts';
import { Member } from '../../src/cluster/member.ts';
import { MIB } from '../../src/cluster/placement/budget.ts';
import { type Placement, place } from '../../src/cluster/placement/place.ts';
import { Placer } from '../../src/cluster/placement/placer.ts';
import { insertProcess } from '../../src/cluster/process.table.ts';
import { ROLES } from '../../src/cluster/roles.ts';
import type { Database } from '../../src/db/database.ts';
import type { Front } from '../../src/front/front.ts';
import { nginxText } from '../../src/front/nginx.ts';
import { processesOf } from '../../src/front/process.ts';
import { frontRoutes } from '../../src/main/front-plan.ts';
import { settingsFor } from '../front/front-settings.ts';
import { PLANS } from '../front/plans.ts';
import { BoardWorld } from '../support/board-world.ts';
import { boardOf, factsOf, placing } from '../support/boards.ts';
import { openPostgres, openSqlite } from '../support/databases.ts';
import { SeededRandom } from '../world/seeded-random.ts';
import { counted } from './counted-database.ts';

const SEED = 7;
/** How many boards die, one after the other, and come back. */
const DEATHS = 40;
/** So many connections that they decide nothing. */
const PLENTY = 1_000_000;

const sizes = process.argv.slice(2).map(Number);
const counts = sizes.length > 0 ? sizes : [1, 3, 24, 100, 1000];
const url = process.env.COPSE_TEST_POSTGRES;

function rack(count: number): Board[] {
  const random = new SeededRandom(SEED);
  return Array.from({ length: count }, (_, at) => {
    const facts = factsOf(random.pick([2048, 4096, 4096, 8192]));
    return boardOf(`b${at + 1}`, { facts, labels: at < 2 ? ['front', 'media'] : [] });
  });
}

/** Milliseconds of CPU of this process: what else the machine does hardly changes them. What PostgreSQL does is not in them. */
async function timed<T>(work: () => T | Promise<T>): Promise<{ readonly ms: number; readonly result: T }> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, result };
}

function settings(connections: number) {
  return { memory: 256 * MIB, connections };
}

/** How long deciding takes: from nothing, when nothing is new, and when a board has died. */
async function deciding(boards: Board[]) {
  const fresh = placing(boards, { settings: settings(PLENTY) });
  place(fresh);
  const { ms: first, result } = await timed(() => place(fresh));
  const { ms: again } = await timed(() => place({ ...fresh, current: result.assignments }));
  const dead = boards.map((board, at) => ({ ...board, isAlive: at !== boards.length - 1 }));
  const { ms: death } = await timed(() => place({ ...fresh, boards: dead, current: result.assignments }));
  const few = place(placing(boards, { settings: settings(40) }));
  return { first, again, death, many: roles(result), few: roles(few), placement: result };
}

function roles({ assignments }: Placement): number {
  return assignments.filter(({ kind }) => kind === 'role').length;
}

/** Boards die and come back; what moves that need not, and for how long nobody serves something. */
function dying(boards: Board[]) {
  const random = new SeededRandom(SEED);
  const world = new BoardWorld(boards);
  world.connections = PLENTY;
  world.settle();
  let moved = 0;
  let needless = 0;
  let unserved = 0;
  for (let death = 0; death < DEATHS; death++) {
    const before = new Map(world.rows.map(row => [row.process, row.board]));
    const gone = boards[random.below(boards.length)] as Board;
    world.boards = boards.map(board => ({ ...board, isAlive: board !== gone }));
    for (let round = 0; round < 8; round++) {
      world.round();
      if (world.served.length < ROLES.length) unserved++;
    }
    const stayed = new Set(world.names);
    const went = [...before].filter(([process]) => !stayed.has(process));
    moved += went.length;
    needless += went.filter(([, board]) => board !== gone.name).length;
    world.boards = boards;
    for (let round = 0; round < 4; round++) world.round();
  }
  return { moved, needless, unserved };
}

async function filled(db: Database, boards: Board[], { assignments }: Placement): Promise<number> {
  const now = systemClock.now();
  await db.tx(async tx => {
    for (const { name, address, labels, facts } of boards) {
      const own = assignments.filter(({ board }) => board === name);
      const processes = own.map(({ process }) => ({ name: process, state: 'ready' as const, since: now, restarts: 0 }));
      await putBoard(tx, { name, address, labels, fingerprint: name }, now);
      if (facts === undefined) continue;
      await reportBoard(tx, { name, fingerprint: name }, { address, facts, processes }, now);
    }
    for (const one of assignments) await putAssignment(tx, one, now);
    for (const { process, roles, port } of assignments)
      await insertProcess(
        tx,
        { name: process, address: `http://10.0.0.1:${port}`, roles, offers: WORK },
        now,
        3_600_000,
      );
  });
  return now;
}

/** What processes do by lease. */
const WORK = [
  ...Array.from({ length: 16 }, (_, at) => `shard-${at}`),
  'holes',
  'probes',
  'hello',
  'joins',
  'federation-out',
  'device-lists',
  'push',
  'appservices',
  'search',
  'directory',
  'tasks',
  'maintenance',
  'placement',
  'doctor',
];
const TRIES = 20;

/** What a report, a beat and a round of the loop cost, with so many others there. */
async function keeping(boards: Board[], placement: Placement) {
  await using opened = url === undefined ? await openSqlite() : await openPostgres(url);
  const now = await filled(opened.db, boards, placement);
  const { db, count } = counted(opened.db);
  const roster = new Roster({ db, now: () => now });
  const [first] = boards as [Board];
  const report = { address: first.address, facts: factsOf(4096), processes: [] };
  const peer = { name: first.name, fingerprint: first.name };
  let bytes = 0;
  const reports = await each(async () => {
    bytes = JSON.stringify(await roster.report(peer, report)).length;
  }, count);
  const bus = new LocalBus(error => silentLog.error('A listener failed.', { err: error }));
  const parts = {
    db,
    bus,
    clock: systemClock,
    log: silentLog,
    name: 'measured',
    roles: [],
    connections: 40,
    now: () => now,
  };
  const member = new Member(parts);
  const stop = new AbortController();
  const works = WORK.map(name => member.hold(name, async () => undefined, stop.signal));
  await member.beat();
  const beats = await each(() => member.beat(), count);
  stop.abort();
  await Promise.all(works);
  await member[Symbol.asyncDispose]();
  const placer = new Placer({ db, clock: systemClock, log: silentLog, settings: settings(PLENTY), now: () => now });
  const rounds = await each(() => placer.round(), count);
  return { reports, bytes, beats, rounds };
}

async function each(work: () => Promise<unknown>, count: { rows: number; statements: number }) {
  await work();
  const { rows, statements } = count;
  const { ms } = await timed(async () => {
    for (let at = 0; at < TRIES; at++) await work();
  });
  return { ms: ms / TRIES, rows: (count.rows - rows) / TRIES, statements: (count.statements - statements) / TRIES };
}

async function front({ assignments }: Placement) {
  const living = assignments
    .filter(({ kind }) => kind === 'role')
    .map(({ process, roles, port }) => ({
      name: process,
      address: `http://10.0.0.1:${port}`,
      roles,
      isDraining: false,
    }));
  const routes = await frontRoutes(settingsFor('example.org'));
  const usual = PLANS['1-board'] as Front;
  const { ms, result } = await timed(() => nginxText({ ...usual, routes, processes: processesOf(living) }));
  return { ms, bytes: result.length };
}

function line(name: string, cells: readonly (string | number)[]): void {
  console.log([name.padEnd(52), ...cells.map(cell => String(cell).padStart(11))].join(''));
}

const short = (ms: number) => (ms < 10 ? ms.toFixed(2) : ms.toFixed(0));

async function measured(count: number) {
  const boards = rack(count);
  const decided = await deciding(boards);
  const deaths = count < 3 ? undefined : dying(boards);
  const kept = await keeping(boards, decided.placement);
  return { count, ...decided, deaths, ...kept, front: await front(decided.placement) };
}

const found: Awaited<ReturnType<typeof measured>>[] = [];
for (const count of counts) found.push(await measured(count));
const row = (name: string, cell: (one: (typeof found)[number]) => string | number) => line(name, found.map(cell));
console.log(`seed ${SEED}, ${url === undefined ? 'SQLite' : 'PostgreSQL'}; times in ms of CPU\n`);
row('boards', one => one.count);
row('processes by default, 40 connections', one => one.few);
row('processes by default, any number of connections', one => one.many);
row('connections that these need (two each)', one => 2 * one.many);
row('deciding: from nothing', one => short(one.first));
row('deciding: nothing new', one => short(one.again));
row('deciding: a board has died', one => short(one.death));
row(`${DEATHS} deaths: processes that moved`, one => one.deaths?.moved ?? '-');
row(`${DEATHS} deaths: of these from boards that live`, one => one.deaths?.needless ?? '-');
row(`${DEATHS} deaths: rounds in which a role had nobody`, one => one.deaths?.unserved ?? '-');
row('round of the loop: CPU', one => short(one.rounds.ms));
row('round of the loop: rows read', one => one.rounds.rows);
row('reports of agents each second', one => one.count / 2);
row('report: CPU of the process that hears it', one => short(one.reports.ms));
row('report: rows read', one => one.reports.rows);
row('report: bytes of the answer', one => one.bytes);
row('reports, all boards: share of one core', one => `${((one.count / 2) * one.reports.ms * 0.1).toFixed(1)} %`);
row('beats of processes each second', one => one.many / 2);
row('beat: CPU', one => short(one.beats.ms));
row('beat: statements', one => one.beats.statements);
row('beat: rows read', one => one.beats.rows);
row('beats, all processes: share of one core', one => `${((one.many / 2) * one.beats.ms * 0.1).toFixed(1)} %`);
row('beats: rows read each second', one => Math.round((one.many / 2) * one.beats.rows));
row('leases, rows', () => WORK.length);
row('NATS: beats delivered each second', one => Math.round((one.many / 2) * (one.many - 1)));
row('NATS: deliveries of one hint', one => one.many - 1);
row('configuration of nginx, bytes', one => one.front.bytes);
row('configuration of nginx, CPU', one => short(one.front.ms));
