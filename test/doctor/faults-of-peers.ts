import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { TestAuthority } from '../support/certificates.ts';
import { type DoctorWorld, hasAll, OLD_ENOUGH_MS, PEER, type Site, US, until } from './doctor-world.ts';
import type { Fault } from './fault.ts';

const WEEK_MS = 7 * 86_400_000;
const HOUR_MS = 3_600_000;

/** Faults on the side of the other server, and between us. */
export const FAULTS_OF_PEERS: readonly Fault[] = [
  {
    id: 'F01',
    about: 'the peer backs off from us for a week',
    cause: 'D01',
    async inject(world) {
      const { us, peer } = world;
      us.front.answering = (_, answer) => answer.writeHead(502).end('<h1>Bad Gateway</h1>') !== undefined;
      const said = [await world.say(peer, 'lost one'), await world.say(peer, 'lost two')];
      await backsOff(world, peer, US);
      us.front.answering = () => false;
      await wait(OLD_ENOUGH_MS);
      return () => hasAll(world, us, said);
    },
  },
  {
    id: 'F02',
    about: 'we back off for a week from a peer that works',
    cause: 'D02',
    async inject(world) {
      const { us, peer } = world;
      peer.front.answering = (_, answer) => answer.writeHead(502).end('<h1>Bad Gateway</h1>') !== undefined;
      const said = [await world.say(us, 'waits')];
      await backsOff(world, us, PEER);
      // As it is when the peer was dead: nothing is known of a status.
      world.change(us, "update destination set reason = 'peer.test cannot be reached: connect ETIMEDOUT'");
      peer.front.answering = () => false;
      return () => hasAll(world, peer, said);
    },
  },
  {
    id: 'F03',
    about: 'messages to devices of 60 kB, and the peer takes 20 kB',
    cause: 'D03',
    async inject(world) {
      const { us, peer } = world;
      refuseLonger(world, 20_000, 413);
      await toDevice(world, 60_000);
      await until(() => world.rows(us, 'select 1 from outbound_set_aside').length > 0, 'nothing was set aside');
      const said = [await world.say(us, 'behind it')];
      return () => hasAll(world, peer, said);
    },
  },
  {
    id: 'F04',
    about: 'one message to devices makes the peer answer 400',
    cause: 'D04',
    async inject(world) {
      const { us, peer } = world;
      refuseLonger(world, 6000, 400);
      await toDevice(world, 8000);
      await until(() => world.rows(us, 'select 1 from outbound_set_aside').length > 0, 'nothing was set aside');
      const said = [await world.say(us, 'behind it')];
      return () => hasAll(world, peer, said);
    },
  },
  {
    id: 'F13b',
    about: "the peer's .well-known answers a page with status 200",
    cause: 'D08',
    async inject({ internet }) {
      internet.page(`https://${PEER}/.well-known/matrix/server`, { body: '<html>Welcome</html>' });
      return undefined;
    },
  },
  {
    id: 'F16',
    about: 'DNS answers SERVFAIL for SRV records of the peer',
    cause: 'D09',
    async inject({ internet }) {
      internet.page(`https://${PEER}/.well-known/matrix/server`, { status: 404 });
      internet.records[`_matrix-fed._tcp.${PEER}`] = 'silent';
      return undefined;
    },
  },
  {
    id: 'F17',
    about: 'the resolver answers nothing',
    cause: 'D30',
    servers: [PEER, 'two.test', 'three.test'],
    async inject(world) {
      for (const name of ['two.test', 'three.test']) await world.scripted(name);
      for (const name of [PEER, 'two.test', 'three.test']) world.internet.addresses[name] = 'silent';
      return undefined;
    },
  },
  {
    id: 'F20',
    about: 'large requests to the peer stall in its proxy',
    cause: 'D11',
    async inject({ peer }) {
      peer.front.answering = asked => Number(asked.headers['content-length'] ?? 0) > 16_000;
      return undefined;
    },
  },
  {
    id: 'F21',
    about: 'nobody on port 8448 can be reached, and others can',
    cause: 'D12',
    servers: [PEER, 'a.test', 'b.test', 'c.test'],
    async inject({ internet }) {
      for (const [at, name] of ['a.test', 'b.test', 'c.test'].entries())
        internet.addresses[name] = [`127.0.9.${at + 1}`];
      return undefined;
    },
  },
  {
    id: 'F12b',
    about: "the peer's certificate is over",
    cause: 'D13',
    async inject({ peer, authority }) {
      peer.front.present(authority.issue({ names: [PEER], expired: true }));
      return undefined;
    },
  },
  {
    id: 'F12e',
    about: "the peer's certificate is of an authority that everybody knows and we do not",
    cause: 'D13',
    async inject({ peer, internet }) {
      const fresh = new TestAuthority('Fresh');
      internet.known.push(fresh.certificate);
      peer.front.present(fresh.issue({ names: [PEER] }));
      return undefined;
    },
  },
  {
    id: 'F12f',
    about:
      "the peer's certificate is of an authority that only our settings believe, and a third server is in the room",
    cause: 'D13',
    async inject(world) {
      const third = await world.third();
      await third.user.ok('POST', `/v3/join/${encodeURIComponent(world.roomId)}?via=${PEER}`, {});
      await world.arrives(third, await world.say(world.us, 'all have this'));
      world.peer.front.present(world.privateAuthority.issue({ names: [PEER] }));
      return undefined;
    },
  },
  {
    id: 'F11b',
    about: 'the peer sends its certificate without the one between',
    cause: 'D13',
    async inject({ peer }) {
      peer.front.present(new TestAuthority('Between').issue({ names: [PEER] }));
      return undefined;
    },
  },
  {
    id: 'F22',
    about: 'our clock is two hours ahead',
    cause: 'D14',
    servers: [PEER, 'two.test', 'three.test'],
    async inject(world) {
      const fronts = [world.peer.front, await world.scripted('two.test'), await world.scripted('three.test')];
      for (const front of fronts) front.dateOffset = -2 * HOUR_MS;
      return undefined;
    },
  },
  {
    id: 'F23',
    about: "the peer's clock is two hours ahead",
    cause: 'D14',
    servers: [PEER, 'two.test', 'three.test'],
    async inject(world) {
      for (const name of ['two.test', 'three.test']) await world.scripted(name);
      world.peer.front.dateOffset = 2 * HOUR_MS;
      return undefined;
    },
  },
  {
    id: 'F24',
    about: 'the peer has another key under the same ID',
    cause: 'D15',
    async inject(world) {
      world.change(world.us, "update server_key set public_key = zeroblob(32) where server_name = 'peer.test'");
      return undefined;
    },
  },
  {
    id: 'F24b',
    about: 'the keys of the peer cannot be fetched',
    cause: 'D15',
    async inject({ peer }) {
      peer.front.answering = ({ url = '' }, answer) =>
        url.startsWith('/_matrix/key/') && answer.writeHead(500).end('<h1>Error</h1>') !== undefined;
      return undefined;
    },
  },
  {
    id: 'F31',
    about: 'the peer answers 429 to what we send',
    cause: 'D23',
    async inject(world) {
      const { us, peer } = world;
      peer.front.answering = ({ url = '' }, answer) =>
        url.includes('/send/') &&
        answer
          .writeHead(429)
          .end(JSON.stringify({ errcode: 'M_LIMIT_EXCEEDED', error: 'slow', retry_after_ms: 600_000 })) !== undefined;
      await world.say(us, 'too much');
      await until(
        () => world.rows(us, 'select 1 from destination where retry_at is not null').length > 0,
        'it was taken',
      );
      return undefined;
    },
  },
  {
    id: 'F31b',
    about: 'we answer 429 to the peer, of which more than a thousand events wait here',
    cause: 'D23',
    async inject(world) {
      const { us, peer } = world;
      const many = Array.from({ length: 1060 }, (_, at) => ({ id: `$waits${at}`, json: '{}' }));
      putOff(world, many, Date.now());
      await world.say(peer, 'one too many');
      await until(() => world.rows(us, 'select 1 from peer_allowance').length > 0, 'it was taken');
      return async () => {
        // Else it would wait for as long as it was told to.
        const { lines } = await world.repair('retry_now', US, peer);
        assert.deepEqual(lines, ['tried again: it takes what we send']);
        return !(await world.diagnosis()).peers[0]?.findings.some(({ cause }) => cause === 'D23');
      };
    },
  },
  {
    id: 'F32',
    about: 'an ACL of the room shuts us out',
    cause: 'D26',
    async inject(world) {
      const path = `/v3/rooms/${encodeURIComponent(world.roomId)}/state/m.room.server_acl/`;
      const made = await world.peer.user.ok('PUT', path, { allow: ['*'], deny: [US] });
      await until(
        async () => (await world.us.user.call('GET', path)).status === 200,
        `${made.event_id} did not arrive`,
      );
      return undefined;
    },
  },
  {
    id: 'F45',
    about: 'a room of the peer has a version that we do not know',
    cause: 'D27',
    async inject({ us, peer }) {
      peer.front.answering = ({ url = '' }, answer) =>
        url.includes('/make_join/') &&
        answer
          .writeHead(400)
          .end(JSON.stringify({ errcode: 'M_INCOMPATIBLE_ROOM_VERSION', error: 'no', room_version: '99' })) !==
          undefined;
      const { status } = await us.user.call(
        'POST',
        `/v3/join/${encodeURIComponent(`!future:${PEER}`)}?via=${PEER}`,
        {},
      );
      if (status !== 400) throw new Error(`the join was answered with ${status}`);
      return undefined;
    },
  },
  {
    id: 'F36',
    about: 'we reject an event of the peer',
    cause: 'D24',
    async inject(world) {
      const before = await world.say(world.peer, 'shown');
      await world.arrives(world.us, before);
      const { id, json } = await unsent(world);
      // As if it had been soft-failed when it came, with the state after the one before it.
      world.change(
        world.us,
        `insert into event (event_id, room_nid, type_nid, sender_nid, depth, ts, flags, state_before, state_after, room_root, reason, json)
          select ?, room_nid, type_nid, sender_nid, depth + 1, ts, 2, state_after, state_after, state_after, 'the sender is banned', ?
          from event where event_id = ?`,
        ...[id, json, before],
      );
      return () => hasAll(world, world.us, [id]);
    },
  },
  {
    id: 'F37',
    about: 'events of the peer wait in the inbox for an hour',
    cause: 'D22',
    async inject(world) {
      const event = await unsent(world);
      putOff(world, [event], Date.now() - HOUR_MS);
      return () => hasAll(world, world.us, [event.id]);
    },
  },
  {
    id: 'F38',
    about: 'the room has twelve ends',
    cause: 'D28',
    async inject(world) {
      for (let at = 0; at < 12; at++) await world.arrives(world.us, await world.say(world.peer, `end ${at}`));
      world.change(
        world.us,
        `insert into extremity (room_nid, event_nid) select room_nid, nid from event
          where room_nid = (select nid from room where room_id = ?) and pos is not null order by pos desc limit 12
          on conflict do nothing`,
        world.roomId,
      );
      const ends = `select count(*) as n from extremity where room_nid = (select nid from room where room_id = ?)`;
      return async () => world.rows(world.us, ends, world.roomId)[0]?.n === 1;
    },
  },
  {
    id: 'F39',
    about: 'the peer has been gone for forty days',
    cause: 'D33',
    async inject(world) {
      const { us, peer, internet } = world;
      internet.addresses[PEER] = [];
      await world.say(us, 'to nobody');
      peer.front.answering = (_, answer) => answer.writeHead(502).end() !== undefined;
      await backsOff(world, us, PEER);
      const gone = Date.now() - 40 * 86_400_000;
      world.change(us, 'update destination set failing_since = ?', gone);
      world.change(us, 'update inbox_transaction set ts = ?', gone);
      await us.server.stop();
      await us.server.start();
      return undefined;
    },
  },
];

/** One server's next try with another is made to be in a week. */
async function backsOff(world: DoctorWorld, site: Site, server: string): Promise<void> {
  const failing = () => world.rows(site, 'select 1 from destination where failing_since is not null').length > 0;
  await until(failing, `${server} was reached`);
  const sql =
    'update destination set retry_at = ?, tries = 12 where domain_nid = (select nid from domain where name = ?)';
  world.change(site, sql, Date.now() + WEEK_MS, server);
}

function refuseLonger({ peer }: DoctorWorld, bytes: number, status: number): void {
  peer.front.answering = ({ headers }, answer) =>
    Number(headers['content-length'] ?? 0) > bytes &&
    answer.writeHead(status).end(JSON.stringify({ errcode: 'M_UNKNOWN', error: 'no' })) !== undefined;
}

async function toDevice({ us, peer }: DoctorWorld, bytes: number): Promise<void> {
  const messages = { [peer.user.id]: { '*': { body: 'x'.repeat(bytes) } } };
  await us.user.ok('PUT', '/v3/sendToDevice/m.test/1', { messages });
}

interface Raw {
  readonly id: string;
  readonly json: string;
}

/** A message of the peer that does not come to us at once. */
async function unsent(world: DoctorWorld): Promise<Raw> {
  const { us, peer } = world;
  us.front.answering = ({ url = '' }, answer) =>
    url.includes('/send/') && answer.writeHead(502).end('<h1>Bad Gateway</h1>') !== undefined;
  us.front.seen.length = 0;
  const id = await world.say(peer, 'comes late');
  await until(() => us.front.seen.some(each => each.includes('/send/')), 'nothing was sent');
  const [event] = world.rows(peer, 'select json from event where event_id = ?', id);
  us.front.answering = () => false;
  return { id, json: String(event?.json) };
}

/** Events of the peer wait here for an hour from now on. */
function putOff(world: DoctorWorld, events: readonly Raw[], since: number) {
  const [origin] = world.rows(world.us, 'select nid from domain where name = ?', PEER);
  const [room] = world.rows(world.us, 'select nid from room where room_id = ?', world.roomId);
  world.change(
    world.us,
    `insert into inbox (origin_nid, room_nid, event_id, received_ts, due, json)
      select ?, ?, json_extract(value, '$.id'), ?, ?, json_extract(value, '$.json') from json_each(?)`,
    ...[Number(origin?.nid), Number(room?.nid), since, Date.now() + HOUR_MS, JSON.stringify(events)],
  );
}
