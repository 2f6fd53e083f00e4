/**
 * Bench of the state tree: a room of 100,000 members and 10,000 membership changes, each a transaction of its own.
 * Twice: with users who are new to the server, numbered one after the other, and with users and events numbered all over
 * an old database. Prints a table for each, leaves nothing behind, exits with 1 when a bar is missed. About 10 seconds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { migrate } from '../../src/db/migrate.ts';
import { SqliteDatabase } from '../../src/db/sqlite.ts';
import type { StateTrees } from '../../src/rooms/state-tree/state-trees.ts';
import { treeKey } from '../../src/rooms/state-tree/tree-key.ts';
import type { Entry, Root } from '../../src/rooms/state-tree/tree-types.ts';
import { testBudget } from '../support/budget.ts';
import { below, createRoom, newTrees, recordRows, seeded } from '../support/state-tree.ts';

const MEMBERS = 100_000;
const CHANGES = 10_000;
const AUTHORISATIONS = 2_000;

interface Line {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly most?: number;
}

interface Population {
  readonly name: string;
  /** State keys of the members, ascending. */
  readonly members: readonly number[];
  /** The next event number, of the join at first and of the changes later. */
  readonly nextEvent: () => number;
}

interface World {
  readonly population: Population;
  readonly db: SqliteDatabase;
  readonly trees: StateTrees;
  readonly roomNid: number;
}

const random = seeded(1);

/** The CPU that `run` takes in milliseconds: unlike the clock on the wall, it can be compared on a busy machine. */
async function timed<T>(run: () => Promise<T>): Promise<{ readonly result: T; readonly cpu: number }> {
  const before = process.cpuUsage();
  const result = await run();
  const { user, system } = process.cpuUsage(before);
  return { result, cpu: (user + system) / 1000 };
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function fresh(): Population {
  let event = 0;
  return {
    name: 'users new to the server',
    members: Array.from({ length: MEMBERS }, (_, at) => 100 + at),
    nextEvent: () => ++event,
  };
}

/** About 10 million state keys and 100 million events: gaps of a hundred between members, any event number. */
function mixed(): Population {
  let stateKey = 100;
  return {
    name: 'users and events all over an old database',
    members: Array.from({ length: MEMBERS }, () => {
      stateKey += 1 + below(random, 200);
      return stateKey;
    }),
    nextEvent: () => 1 + below(random, 100_000_000),
  };
}

function* wholeRoom({ members, nextEvent }: Population): Generator<Entry> {
  for (let type = 2; type <= 31; type++) yield [treeKey(type, 1), nextEvent()];
  for (const stateKey of members) yield [treeKey(1, stateKey), nextEvent()];
}

async function build({ db, trees, roomNid, population }: World): Promise<{ lines: Line[]; root: Root }> {
  const entries = [...wholeRoom(population)];
  const { result: root, cpu } = await timed(() => db.tx(tx => trees.build(tx, roomNid, entries)));
  const rows = await recordRows(db, roomNid);
  const bytes = rows.reduce((sum, row) => sum + row.data.length, 0);
  const lines: Line[] = [
    { what: 'build: entries a second of CPU', value: (MEMBERS + 30) / (cpu / 1000), unit: '' },
    { what: 'build: rows', value: rows.length, unit: '' },
    { what: 'build: bytes', value: bytes, unit: 'B' },
  ];
  return { lines, root };
}

/** Half of the changes are new members, three in ten any member, two in ten one of fifty that come and go. */
function nextKey(members: readonly number[], newcomer: number): number {
  const sort = random();
  if (sort < 0.5) return treeKey(1, members.at(-1)! + 1 + newcomer);
  return treeKey(1, members[below(random, sort < 0.8 ? MEMBERS : 50)]!);
}

async function change(world: World, built: Root): Promise<{ lines: Line[]; roots: Root[] }> {
  const { db, trees, roomNid, population } = world;
  const rowsBefore = (await recordRows(db, roomNid)).length;
  const roots = [built];
  const rowsOf: number[] = [];
  const { cpu } = await timed(async () => {
    for (let n = 0; n < CHANGES; n++) {
      const trips = trees.stats.roundTrips;
      const base = roots.at(-1)!;
      const changes = [{ key: nextKey(population.members, n), value: population.nextEvent() }];
      roots.push(await db.tx(tx => trees.apply(tx, roomNid, base, changes)));
      rowsOf.push(trees.stats.roundTrips - trips);
    }
  });
  const rows = (await recordRows(db, roomNid)).slice(rowsBefore);
  const sizes = rows.map(row => row.data.length).sort((a, b) => a - b);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const lines: Line[] = [
    { what: 'a change: bytes, median', value: percentile(sizes, 0.5), unit: 'B' },
    { what: 'a change: bytes, p95', value: percentile(sizes, 0.95), unit: 'B' },
    { what: 'a change: bytes, mean', value: bytes / CHANGES, unit: 'B', most: 800 },
    { what: 'a change: rows, mean', value: rows.length / CHANGES, unit: '', most: 1.01 },
    {
      what: 'a change: statements, median',
      value: percentile(
        rowsOf.toSorted((a, b) => a - b),
        0.5,
      ),
      unit: '',
    },
    { what: 'a change: CPU, transaction included', value: cpu / CHANGES, unit: 'ms' },
  ];
  return { lines, roots };
}

/** What authorising an event reads: create, power levels, join rules, two members, one absent key. */
function authorisationKeys(members: readonly number[]): number[] {
  const member = () => treeKey(1, members[below(random, MEMBERS)]!);
  return [treeKey(2, 1), treeKey(3, 1), treeKey(4, 1), member(), member(), treeKey(7, 12_345)];
}

async function authorise({ db, trees, roomNid, population }: World, root: Root): Promise<Line[]> {
  let mostTrips = 0;
  const cold = await timed(async () => {
    for (let n = 0; n < AUTHORISATIONS; n++) {
      const empty = newTrees(db);
      await empty.get(db, roomNid, root, authorisationKeys(population.members));
      mostTrips = Math.max(mostTrips, empty.stats.roundTrips);
    }
  });
  const authorised = async () => {
    for (let n = 0; n < AUTHORISATIONS; n++) await trees.get(db, roomNid, root, authorisationKeys(population.members));
  };
  for (let n = 0; n < 4; n++) await authorised();
  const { hits, misses } = trees.stats;
  const warm = await timed(authorised);
  const read = trees.stats.hits - hits + trees.stats.misses - misses;
  return [
    { what: 'authorisation, empty cache: round trips', value: mostTrips, unit: '', most: 4 },
    { what: 'authorisation, empty cache: CPU', value: cold.cpu / AUTHORISATIONS, unit: 'ms', most: 0.5 },
    { what: 'authorisation, warm: CPU', value: warm.cpu / AUTHORISATIONS, unit: 'ms', most: 0.5 },
    { what: 'authorisation, warm: pages in the cache', value: (100 * (trees.stats.hits - hits)) / read, unit: '%' },
  ];
}

async function compare({ db, roomNid }: World, roots: readonly Root[]): Promise<Line[]> {
  const lines: Line[] = [];
  for (const apart of [100, CHANGES]) {
    const trees = newTrees(db);
    const { cpu } = await timed(() => trees.diff(db, roomNid, roots.at(-1 - apart)!, roots.at(-1)!));
    lines.push({ what: `difference over ${apart} changes, empty cache: CPU`, value: cpu, unit: 'ms' });
    lines.push({ what: `difference over ${apart} changes: round trips`, value: trees.stats.roundTrips, unit: '' });
  }
  return lines;
}

function collectGarbage(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Live memory at each tenth of the stream, against that before it. */
async function stream({ db, roomNid }: World, root: Root): Promise<Line[]> {
  const trees = newTrees(db);
  const { cpu } = await timed(async () => {
    for await (const _ of trees.stream(db, roomNid, root));
  });
  const fresh = newTrees(db);
  const start = collectGarbage();
  let most = 0;
  let entries = 0;
  for await (const _ of fresh.stream(db, roomNid, root)) {
    if (++entries % 10_000 === 0) most = Math.max(most, collectGarbage() - start);
  }
  return [
    { what: 'stream: entries a second of CPU', value: entries / (cpu / 1000), unit: '' },
    { what: `stream of ${entries} entries: live memory`, value: most / 1024, unit: 'KiB', most: 256 },
  ];
}

function print(lines: readonly Line[]): boolean {
  const missed = lines.filter(line => line.most !== undefined && line.value > line.most);
  for (const { what, value, unit, most } of lines) {
    const figure = value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(4)));
    const bar = most === undefined ? '' : `at most ${most}${value > most ? '  MISSED' : ''}`;
    console.log(`${what.padEnd(48)}${`${figure} ${unit}`.padStart(14)}   ${bar}`.trimEnd());
  }
  return missed.length === 0;
}

async function measure(db: SqliteDatabase, population: Population): Promise<boolean> {
  const roomNid = await createRoom(db, population.name);
  const world: World = { db, trees: newTrees(db, testBudget(8 * 1024 * 1024)), roomNid, population };
  const built = await build(world);
  const { lines, roots } = await change(world, built.root);
  const newest = roots.at(-1)!;
  const authorised = await authorise(world, newest);
  const compared = await compare(world, roots);
  const streamed = await stream(world, newest);
  console.log(`\n${MEMBERS.toLocaleString('en')} members, ${population.name}`);
  return print([...built.lines, ...lines, ...authorised, ...compared, ...streamed]);
}

const folder = mkdtempSync(join(tmpdir(), 'copse-bench-'));
const db = new SqliteDatabase({ file: join(folder, 'copse.db'), synchronous: 'off' });
try {
  await migrate(db);
  const held = [await measure(db, fresh()), await measure(db, mixed())];
  process.exitCode = held.includes(false) ? 1 : 0;
} finally {
  await db[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
}
