/**
 * What a message costs in a room with thousands of servers that are dead: `node test/bench/dead-servers.ts [DEAD]`.
 * On SQLite, and on PostgreSQL where COPSE_TEST_POSTGRES says where it is.
 */
import { sql } from '../../src/db/sql.ts';
import { openPostgres, openSqlite } from '../support/databases.ts';
import { addServers, OutboundWorld, silence } from '../support/outbound.ts';
import { DORA, joinFrom, TWO } from '../support/remote-events.ts';
import { ALICE, newRoom, say } from '../support/rooms.ts';

const dead = Number(process.argv[2] ?? 10_000);
const MESSAGES = 50;

const postgres = process.env.COPSE_TEST_POSTGRES;
for (const open of [openSqlite, ...(postgres === undefined ? [] : [() => openPostgres(postgres)])]) {
  await using opened = await open();
  const { db } = opened;
  await using world = new OutboundWorld(db);
  const room = await newRoom(world.rooms);
  await joinFrom(world.rooms, room, DORA);
  world.peers.answer = ({ server }) => (server === TWO ? { pdus: {} } : Promise.reject(silence(server)));
  world.start();
  await world.settle();
  const cost = async () => {
    const cpu = process.cpuUsage();
    const start = performance.now();
    for (let at = 0; at < MESSAGES; at++) {
      await say(world.rooms, room, ALICE, `${at}`);
      await world.settle();
    }
    const { user, system } = process.cpuUsage(cpu);
    return { cpu: (user + system) / 1000 / MESSAGES, wall: (performance.now() - start) / MESSAGES };
  };
  await cost();
  const without = await cost();
  await addServers(world, room, dead);
  await say(world.rooms, room, ALICE, 'first');
  const cpu = process.cpuUsage();
  await world.settle();
  const { user, system } = process.cpuUsage(cpu);
  await cost();
  const withDead = await cost();
  const waiting = (await db.get<{ n: number }>(sql`select count(*) as n from outbound_room`))?.n;
  const ms = (value: number) => value.toFixed(2).padStart(8);
  console.log(
    `${db.dialect}: ${dead} dead servers, each tried once for ${ms((user + system) / 1000 / dead)} ms of CPU`,
  );
  console.log(`  a message without them ${ms(without.cpu)} ms of CPU, ${ms(without.wall)} ms`);
  console.log(`  a message with them    ${ms(withDead.cpu)} ms of CPU, ${ms(withDead.wall)} ms; ${waiting} rows wait`);
}
