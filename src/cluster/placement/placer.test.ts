import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boardsOf, factsOf } from '../../../test/support/boards.ts';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { systemClock } from '../../base/clock.ts';
import { type Log, silentLog } from '../../base/log.ts';
import type { Database } from '../../db/database.ts';
import { allAssignments, putDesired } from '../boards/assignment.table.ts';
import { allBoards, changeBoard, putBoard, removeBoard, reportBoard } from '../boards/board.table.ts';
import { BOARD_LIFE_MS, REPORT_EVERY_MS } from '../boards/board.ts';
import { LIFE_MS } from '../member.ts';
import { insertProcess, keepProcess } from '../process.table.ts';
import { MIB } from './budget.ts';
import { CUT_OFF_MS } from './cut-off.ts';
import { givenUpBoards } from './given-up.table.ts';
import { outsideOf } from './look.ts';
import { Placer } from './placer.ts';
import { judgeSilence, SETTLING_MS } from './silence.ts';

/** Boards whose agents report and obey, and the loop that tells them what to run, on a time of their own. */
class World {
  readonly #db: Database;
  readonly #silent = new Set<string>();
  readonly #cutOff = new Set<string>();
  readonly #nids = new Map<string, number>();
  now = 1_000_000;
  placer: Placer;
  readonly said: string[] = [];

  constructor(db: Database) {
    this.#db = db;
    this.placer = this.newPlacer();
  }

  newPlacer(): Placer {
    const clock = { ...systemClock, monotonic: () => this.now };
    const log: Log = { ...silentLog, warn: words => this.said.push(words) };
    const settings = { memory: 256 * MIB, connections: 100 };
    return new Placer({ db: this.#db, clock, log, settings, now: () => this.now });
  }

  async join(count: number): Promise<void> {
    for (let at = 1; at <= count; at++) {
      const board = { name: `b${at}`, address: `10.0.0.${at}:8470`, labels: [], fingerprint: `F${at}` };
      await this.#db.tx(tx => putBoard(tx, board, this.now + at));
    }
  }

  silence(...boards: string[]): void {
    for (const board of boards) this.#silent.add(board);
  }

  hear(...boards: string[]): void {
    for (const board of boards) this.#silent.delete(board);
  }

  /** Its agent goes on speaking, over other boards. */
  cutOff(...boards: string[]): void {
    for (const board of boards) this.#cutOff.add(board);
  }

  mend(...boards: string[]): void {
    for (const board of boards) this.#cutOff.delete(board);
  }

  /** Each agent reports what it was told before, ready at once, and what it runs says that it lives; then the loop looks. */
  async round(): Promise<void> {
    this.now += REPORT_EVERY_MS;
    for (const { name, address } of await allBoards(this.#db, this.now)) {
      if (this.#silent.has(name)) continue;
      const own = await allAssignments(this.#db, name);
      const processes = own.map(({ process }) => ({ name: process, state: 'ready' as const, since: 0, restarts: 0 }));
      const who = { name, fingerprint: name.replace('b', 'F') };
      await this.#db.tx(tx => reportBoard(tx, who, { address, facts: factsOf(4096), processes }, this.now));
      const roles = own.filter(({ kind }) => kind === 'role');
      if (!this.#cutOff.has(name)) for (const { process } of roles) await this.#live(process);
    }
    await this.placer.round();
  }

  /** A process tells the database that it lives. */
  async #live(name: string): Promise<void> {
    const process = { name, address: null, roles: [], offers: [], isDraining: false };
    const known = this.#nids.get(name);
    const isKept =
      known !== undefined && (await this.#db.tx(tx => keepProcess(tx, known, process, false, this.now, LIFE_MS)));
    if (!isKept) this.#nids.set(name, await this.#db.tx(tx => insertProcess(tx, process, this.now, LIFE_MS)));
  }

  /** What a board was told to run. */
  async on(board: string): Promise<string[]> {
    return (await allAssignments(this.#db, board)).map(({ process }) => process);
  }

  async rounds(count: number): Promise<void> {
    for (let at = 0; at < count; at++) await this.round();
  }

  async names(): Promise<string[]> {
    return (await allAssignments(this.#db)).map(({ process }) => process);
  }

  async boardsOf(): Promise<string[]> {
    return [...new Set((await allAssignments(this.#db)).map(({ board }) => board))].toSorted();
  }
}

async function running(db: Database, boards: number): Promise<World> {
  const world = new World(db);
  await world.join(boards);
  await world.rounds(8);
  return world;
}

/** Rounds after which a board is given up that has just fallen silent. */
const DEATH = Math.ceil(BOARD_LIFE_MS / REPORT_EVERY_MS) + SETTLING_MS / REPORT_EVERY_MS;

onEachDatabase('where there are no boards, nobody is told anything', async db => {
  const world = new World(db);
  await world.round();
  assert.deepEqual(await world.names(), []);
});

onEachDatabase('boards that join are told what to run, and a wish changes it', async db => {
  const world = await running(db, 2);
  assert.deepEqual(await world.names(), ['b1-all-1', 'b1-nginx-1', 'b2-all-but-media-1']);
  const all = { roles: [], count: 1, boards: ['b2'], spread: true };
  await db.tx(tx => putDesired(tx, JSON.stringify({ parts: { all } }), world.now));
  await world.round();
  assert.deepEqual(
    (await allAssignments(db)).map(({ process, isLeaving }) => [process, isLeaving]),
    [
      ['b1-all-1', true],
      ['b1-nginx-1', false],
      ['b2-all-1', false],
      ['b2-all-but-media-1', true],
    ],
  );
  await world.rounds(5);
  assert.deepEqual(await world.names(), ['b1-nginx-1', 'b2-all-1']);
});

onEachDatabase('what the first board runs before anything is decided stays until others serve', async db => {
  const world = new World(db);
  await world.join(4);
  // Its own board is the last one to speak.
  world.silence('b1');
  const process = { name: 'b1-all-1', address: 'http://10.0.0.1:8100', roles: [], offers: [] };
  await db.tx(tx => insertProcess(tx, process, world.now + 1, 1_000_000));
  await world.round();
  assert.deepEqual(await world.names(), ['b1-all-1']);
  world.hear('b1');
  await world.round();
  const [first] = await allAssignments(db, 'b1');
  assert.deepEqual([first?.process, first?.isLeaving], ['b1-all-1', true]);
  await world.rounds(12);
  assert.ok((await world.names()).every(name => !name.includes('-all-')));
});

onEachDatabase(
  'a dead board is given up, also by a loop that has just begun, and is welcome when it comes back',
  async db => {
    const world = await running(db, 6);
    world.silence('b4');
    await world.rounds(DEATH - 1);
    assert.ok((await world.boardsOf()).includes('b4'));
    await world.round();
    assert.deepEqual([...(await givenUpBoards(db))], ['b4']);
    assert.ok(!(await world.boardsOf()).includes('b4'));
    assert.ok(world.said.includes('A board is dead. What it ran goes elsewhere.'));
    // It no longer counts among those that fall silent at once.
    world.placer = world.newPlacer();
    world.silence('b5');
    await world.rounds(DEATH + 1);
    assert.deepEqual([...(await givenUpBoards(db))], ['b4', 'b5']);
    world.hear('b4', 'b5');
    await world.round();
    assert.equal((await givenUpBoards(db)).size, 0);
  },
);

onEachDatabase(
  'when more than a third fall silent at once nothing is moved until they speak, or are taken out',
  async db => {
    const world = await running(db, 6);
    const before = await world.names();
    world.silence('b4');
    await world.round();
    world.silence('b5', 'b6');
    await world.rounds(DEATH * 3);
    assert.deepEqual(await world.names(), before);
    assert.equal(world.said.filter(words => words.includes('3 of 6 boards are silent at once (b4, b5, b6)')).length, 1);
    await db.tx(tx => removeBoard(tx, 'b4'));
    await db.tx(tx => removeBoard(tx, 'b5'));
    await world.rounds(2);
    assert.deepEqual([...(await givenUpBoards(db))], ['b6']);
    assert.deepEqual(await world.boardsOf(), ['b1', 'b2', 'b3']);
  },
);

/** Rounds after which one is given up of which the database hears nothing, once what it said last is over. */
const DEAFNESS = Math.ceil((LIFE_MS + CUT_OFF_MS) / REPORT_EVERY_MS) + SETTLING_MS / REPORT_EVERY_MS;

onEachDatabase(
  'a board whose agent speaks and whose processes do not reach the database is given up until one does',
  async db => {
    const world = await running(db, 6);
    const before = await world.on('b4');
    world.cutOff('b4');
    await world.rounds(DEAFNESS - 1);
    assert.deepEqual(await world.on('b4'), before);
    await world.rounds(2);
    assert.deepEqual([...(await givenUpBoards(db))], ['b4']);
    assert.deepEqual(await world.on('b4'), before.slice(0, 1), 'one stays to tell when it is heard');
    assert.ok(world.said.includes('A board is cut off from the database. What it ran goes elsewhere.'));
    // Also for a loop that has just begun.
    world.placer = world.newPlacer();
    await world.rounds(DEAFNESS);
    assert.deepEqual([...(await givenUpBoards(db))], ['b4']);
    assert.deepEqual(await world.on('b4'), before.slice(0, 1));
    world.mend('b4');
    await world.rounds(2);
    assert.equal((await givenUpBoards(db)).size, 0);
  },
);

onEachDatabase('when the database hears nothing of more than a third of the boards nothing is moved', async db => {
  const world = await running(db, 6);
  const before = await world.names();
  world.cutOff('b4', 'b5', 'b6');
  await world.rounds(DEAFNESS * 2);
  assert.deepEqual(await world.names(), before);
  const words = '3 of 6 boards are silent or cut off from the database at once (b4, b5, b6)';
  assert.equal(world.said.filter(said => said.includes(words)).length, 1);
});

onEachDatabase('what the only board runs stays its own while it is dead', async db => {
  const world = await running(db, 1);
  world.silence('b1');
  await world.rounds(DEATH * 2);
  assert.deepEqual(await world.names(), ['b1-all-1', 'b1-nginx-1']);
});

onEachDatabase('a board is emptied when that is asked for', async db => {
  const world = await running(db, 6);
  await db.tx(tx => changeBoard(tx, 'b3', { isCordoned: true }));
  await world.rounds(10);
  assert.ok(!(await world.boardsOf()).includes('b3'));
});

onEachDatabase('the process that the cluster began with is known to be on its board', async db => {
  const world = new World(db);
  await world.join(2);
  const process = { name: 'host-8008', address: 'http://10.0.0.1:8008', roles: [], offers: [] };
  await db.tx(tx => insertProcess(tx, process, world.now, 1_000_000));
  await world.rounds(3);
  assert.deepEqual(await world.names(), ['b1-nginx-1', 'b2-all-but-media-1']);
});

test('a process that was placed and is about to end is not taken for one that nobody placed', () => {
  const row = (name: string) => ({
    nid: 1,
    name,
    address: 'http://10.0.0.1:8100',
    roles: [],
    started_ts: 0,
    offers: [],
    isDraining: false,
  });
  const processes = ['b1-all-1', 'b1-all-but-media-12', 'b1-8008', 'elsewhere-all-1'].map(row);
  const outside = outsideOf(processes, { boards: boardsOf(1), current: [], memory: 5 });
  assert.deepEqual(
    outside.map(({ process, board }) => [process, board]),
    [
      ['b1-8008', 'b1'],
      ['elsewhere-all-1', 'b1'],
    ],
  );
});

test('a board that joined and never spoke is not missed', () => {
  const boards = boardsOf(3).map((board, at) => (at === 0 ? board : { ...board, isAlive: false, facts: undefined }));
  const verdict = judgeSilence({ boards, givenUp: new Set(), deadFor: () => 60_000 });
  assert.deepEqual([verdict.lost, verdict.pause], [[], undefined]);
  assert.deepEqual(
    verdict.boards.map(({ isAlive }) => isAlive),
    [true, false, false],
  );
});
