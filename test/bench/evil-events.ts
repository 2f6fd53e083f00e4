/**
 * Bench of hostile events: what a single one of another server costs at most, and a room of 2,000 forks. Prints a table,
 * leaves nothing behind, exits with 1 when a bar is missed. About a minute.
 */
import type { JsonObject } from '../../src/core/json.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';
import type { Room, StoredEvent } from '../../src/rooms/room.ts';
import { openSqlite } from '../support/databases.ts';
import { accepted, DORA, joinFrom, newest, type RemoteDraft, receive } from '../support/remote-events.ts';
import { ALICE, newRoom, roomsOn, say, setState } from '../support/rooms.ts';

/** CPU milliseconds of one event, from its text to its place in the room. */
const MOST_FOR_ONE = 50;
/** CPU milliseconds of the next event of our own, which brings the forks together. */
const MOST_FOR_MERGING = 2000;
const FORKS = 2000;
const LEVELS = { users: { [ALICE]: 100, [DORA]: 100 } };

const many = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));
const users = (count: number) => many(count, at => `@user${at}:two.example`);

/** As large as an event may be, each in another way. */
const CONTENTS: readonly (readonly [string, RemoteDraft])[] = [
  ['keys', message(Object.fromEntries(many(4000, at => [`key${at}`, at])))],
  ['words', message({ body: many(5000, at => `word${at}`).join(' ') })],
  ['one word', message({ body: 'x'.repeat(60_000) })],
  ['mentions', message({ body: 'x', 'm.mentions': { user_ids: users(2000) } })],
  ['depth', message({ body: 'x', nested: JSON.parse(`${'['.repeat(90)}${']'.repeat(90)}`) })],
  ['name', state('m.room.member', { membership: 'join', displayname: 'x'.repeat(60_000) }, DORA)],
  ['levels', state('m.room.power_levels', { users: { ...LEVELS.users, ...levels(1900) } })],
  ['allowed rooms', state('m.room.join_rules', { join_rule: 'restricted', allow: rooms(650) })],
  ['server ACL', state('m.room.server_acl', { allow: ['*'], deny: many(2300, at => `*a*b*${at}*.example`) })],
];

function message(content: JsonObject): RemoteDraft {
  return { sender: DORA, content: { msgtype: 'm.text', ...content } };
}

function state(type: string, content: JsonObject, stateKey = ''): RemoteDraft {
  return { type, sender: DORA, stateKey, content };
}

function levels(count: number): JsonObject {
  return Object.fromEntries(users(count).map((user, at) => [user, at % 100]));
}

function rooms(count: number): JsonObject[] {
  return many(count, at => ({ type: 'm.room_membership', room_id: `!room${at}:two.example` }));
}

const bars: boolean[] = [];

function line(what: string, ms: number, most: number): void {
  bars.push(ms <= most);
  console.log(`${what.padEnd(44)}${ms.toFixed(1).padStart(10)} ms CPU, at most ${most}${ms <= most ? '' : ': MISSED'}`);
}

async function cpuOf(run: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function withDora(parts: RoomsParts): Promise<{ readonly room: Room; readonly base: StoredEvent }> {
  const room = await newRoom(parts, { version: '11' });
  await setState(parts, room, ALICE, 'm.room.power_levels', LEVELS);
  await joinFrom(parts, room, DORA);
  return { room, base: await newest(parts, room) };
}

async function singles(parts: RoomsParts): Promise<void> {
  for (const [what, draft] of CONTENTS) {
    const { room } = await withDora(parts);
    line(`an event full of ${what}`, await cpuOf(() => accepted(parts, room, draft)), MOST_FOR_ONE);
    line('  the message after it', await cpuOf(() => accepted(parts, room, message({ body: 'x' }))), MOST_FOR_ONE);
  }
}

/** All from one event on: either everybody says the same differently, or each something of its own. */
async function forks(parts: RoomsParts, what: string, stateKey: (at: number) => string): Promise<void> {
  const { room, base } = await withDora(parts);
  let most = 0;
  for (let at = 0; at < FORKS; at++) {
    const draft = { ...state('org.example.fork', { at }, stateKey(at)), prev: [base] };
    most = Math.max(most, await cpuOf(() => receive(parts, room, draft)));
  }
  line(`the dearest of ${FORKS} forks, ${what}`, most, MOST_FOR_ONE);
  line('  a message of ours after them', await cpuOf(() => say(parts, room, ALICE, 'hello')), MOST_FOR_MERGING);
}

/** Two branches from one event on, each with state of its own, that grow in turn: each event resolves all that differs. */
async function branches(parts: RoomsParts): Promise<void> {
  const { room, base } = await withDora(parts);
  const ends = [base, base];
  let most = 0;
  for (let at = 0; at < FORKS; at++) {
    const draft = { ...state('org.example.fork', { at }, `${at}`), prev: [ends[at % 2]!] };
    const grow = async () => ends.splice(at % 2, 1, (await receive(parts, room, draft)).stored);
    most = Math.max(most, await cpuOf(grow));
  }
  line(`the dearest of ${FORKS} events of two branches`, most, MOST_FOR_MERGING);
  line('  a message of ours after them', await cpuOf(() => say(parts, room, ALICE, 'hello')), MOST_FOR_MERGING);
}

const opened = await openSqlite();
const parts = roomsOn(opened.db);
// What is slow only the first time is no matter of the events.
for (let warm = 0; warm < 20; warm++) await withDora(parts);
await singles(parts);
await forks(parts, 'all of one key', () => '');
await forks(parts, 'each of its own', at => `${at}`);
await branches(parts);
await opened[Symbol.asyncDispose]();
process.exitCode = bars.every(Boolean) ? 0 : 1;
