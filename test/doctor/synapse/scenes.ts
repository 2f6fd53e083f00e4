import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import type { Cause } from '../../../src/federation/doctor/verdict.ts';
import { eventually } from '../../federation/api-user.ts';
import { rightSettings, SYNAPSE, type SynapseWorld } from './synapse-world.ts';

/** Something that bit somebody between Copse and a Synapse. */
export interface Scene {
  readonly id: string;
  readonly about: string;
  /** What the doctor has to name first. */
  readonly cause: Cause;
  /** Breaks something, and has messages said that do not arrive. */
  readonly spoil: (world: SynapseWorld) => Promise<Lost>;
  /** What the operator does with the lines of the report; undefined where the doctor can do all of it. */
  readonly mend?: (world: SynapseWorld) => Promise<void>;
}

export interface Lost {
  readonly total: number;
  /** How many of them are there. */
  readonly there: () => Promise<number>;
}

const LARGE = 'x'.repeat(50_000);
/** What is younger the doctor takes to be on its way. */
const OLD_ENOUGH_MS = 11_000;
const GREETED_MS = 5000;

/** Not a fault: what became of single events. */
export const TRACES = 'S7';

export const SCENES: readonly Scene[] = [
  {
    id: 'S1',
    about: 'nginx takes 1 MB, and transactions have 3',
    cause: 'D05',
    async spoil(world) {
      await world.nginx.put(world.chain, rightSettings(world.copse.url, ''));
      // What is said while a transaction is under way goes out in the next, together.
      process.kill(world.copse.pid, 'SIGSTOP');
      const said = sayAll(world, 60, LARGE);
      await said.catch(() => undefined);
      process.kill(world.copse.pid, 'SIGCONT');
      return unheard(world, 60, '413');
    },
    mend: world => world.mendFront(),
  },
  {
    id: 'S2',
    about: 'nginx passes on with a path at the end: proxy_pass http://copse/;',
    cause: 'D06',
    async spoil(world) {
      await world.nginx.put(world.chain, rightSettings(world.copse.url, 'client_max_body_size 60m;', '/'));
      return cannotJoin(world);
    },
    mend: world => world.mendFront(),
  },
  {
    id: 'S3',
    about: 'nginx sends the certificate without the one between',
    cause: 'D13',
    async spoil(world) {
      await world.nginx.put(world.leafAlone, rightSettings(world.copse.url));
      return saidInVain(world, 60, 'certificate verify failed');
    },
    mend: world => world.mendFront(),
  },
  {
    id: 'S4',
    about: 'a web page answers for .well-known',
    cause: 'D08',
    async spoil(world) {
      const page = `location /.well-known/ { default_type text/html; return 200 '<html>Welcome</html>'; }`;
      await world.nginx.put(world.chain, `${page} ${rightSettings(world.copse.url)}`);
      // It would find out after an hour, when it forgets what it had.
      await world.synapse.stop();
      await world.synapse.start();
      return saidInVain(world, 60, '8448');
    },
    async mend(world) {
      await world.mendFront();
      // Again an hour, in which it remembers the page.
      await world.synapse.stop();
      await world.synapse.start();
    },
  },
  {
    id: 'S5',
    about: 'Copse was away for a day, and Synapse cannot be reached when it comes back',
    cause: 'D01',
    async spoil(world) {
      await world.copse.kill9();
      const lost = await saidInVain(world, 140, '502');
      await world.synapse.stop();
      await world.copse.restart();
      // It greets once it is there, in vain, and again a minute later.
      await wait(GREETED_MS);
      await world.synapse.start();
      return lost;
    },
  },
  {
    id: 'S6',
    about: 'Synapse was away; back, it cannot reach Copse, and each tries again in a day or a week',
    cause: 'D02',
    async spoil(world) {
      await world.synapse.stop();
      for (let at = 0; at < 60; at++) await world.carl.say(roomFor(world, at), `unheard ${at}`);
      const isGivenUp = async () =>
        (await world.examine('--dry-run')).diagnosis.peers[0]?.unproven.some(line => line.includes('has not taken'));
      await eventually('Copse gives up', isGivenUp);
      // Whatever it says when it is back would be a sign of life.
      await world.nginx.put(world.chain, `location /_matrix/ { return 502; } ${rightSettings(world.copse.url)}`);
      await world.synapse.start();
      await world.sue.say(world.rooms[0], 'is anybody there?');
      await wait(GREETED_MS);
      await world.mendFront();
      return { total: 60, there: () => world.count(world.sue, 'unheard') };
    },
  },
  {
    id: 'S8',
    about: 'Copse has lost the power levels of a room, and refuses what everybody else shows',
    cause: 'D25',
    async spoil(world) {
      const [, room] = world.rooms;
      const opened = await shutAndOpened(world, room);
      await world.copse.end();
      change(world, db => forget(db, opened));
      await world.copse.restart();
      for (let at = 0; at < 60; at++) await world.sue.say(room, `lost ${at}`);
      const refused = () => change(world, db => db.prepare('select 1 from event where (flags & 3) <> 0').all().length);
      await eventually('what is said is refused', async () => refused() === 60, 60_000);
      return { total: 60, there: () => world.count(world.carl, 'lost') };
    },
    async mend(world) {
      await world.copseCommand('doctor', 'federation', SYNAPSE, '--take-state', world.rooms[1]);
    },
  },
];

/** In a room of Copse nobody else may speak, and then everybody. The event that says so. */
async function shutAndOpened({ carl, sue }: SynapseWorld, room: string): Promise<string> {
  const type = 'm.room.power_levels';
  const path = `/v3/rooms/${encodeURIComponent(room)}/state/${type}/`;
  const levels = (await carl.state(room, type)) ?? {};
  const put = async (events_default: number) => {
    const { event_id } = await carl.ok('PUT', path, { ...levels, events_default });
    const isThere = async () => (await sue.state(room, type))?.events_default === events_default;
    await eventually('Synapse has the levels', isThere);
    return String(event_id);
  };
  await put(50);
  return put(0);
}

/** The state after an event is what it was before: what it did is lost. */
function forget(db: DatabaseSync, eventId: string): void {
  const select = 'select state_before as before, state_after as after from event where event_id = ?';
  const { before, after } = db.prepare(select).get(eventId) as { before: number; after: number };
  const room = 'nid = (select room_nid from event where event_id = ?)';
  db.prepare(`update room set state_root = ? where state_root = ? and ${room}`).run(before, after, eventId);
  for (const column of ['state_after', 'room_root'])
    db.prepare(`update event set ${column} = ? where event_id = ? and ${column} = ?`).run(before, eventId, after);
}

/** Does something with Copse's database. */
function change<T>({ copse }: SynapseWorld, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(join(copse.dataDir, 'copse.db'), { timeout: 5000 });
  try {
    return work(db);
  } finally {
    db.close();
  }
}

function roomFor({ rooms }: SynapseWorld, at: number): string {
  return rooms[at % 2] ?? rooms[0];
}

async function sayAll(world: SynapseWorld, total: number, padding = ''): Promise<void> {
  for (let at = 0; at < total; at++) await world.sue.say(roomFor(world, at), `lost ${at} ${padding}`);
}

/** Synapse's user says so many things that do not arrive. */
async function saidInVain(world: SynapseWorld, total: number, why: string): Promise<Lost> {
  await sayAll(world, total);
  return unheard(world, total, why);
}

/** Synapse's log tells why it has not brought them. */
async function unheard(world: SynapseWorld, total: number, why: string): Promise<Lost> {
  const isFailing = async () => world.synapse.log.split('\n').some(line => isAboutCopse(line) && line.includes(why));
  await eventually(`Synapse cannot send (${why})`, isFailing, 60_000);
  await wait(OLD_ENOUGH_MS);
  return { total, there: () => world.count(world.carl, 'lost') };
}

function isAboutCopse(line: string): boolean {
  return line.includes('copse.test');
}

/** Somebody new of Synapse wants to come into a room of Copse, whose ID stands in the path. */
async function cannotJoin({ synapse, carl }: SynapseWorld): Promise<Lost> {
  const tom = await synapse.user('tom');
  const room = await carl.createRoom({ preset: 'public_chat' });
  const join = () => tom.call('POST', `/v3/join/${encodeURIComponent(room)}?server_name=${carl.server}`, {});
  assert.notEqual((await join()).status, 200, 'the join went well');
  return { total: 1, there: async () => ((await join()).status === 200 ? 1 : 0) };
}
