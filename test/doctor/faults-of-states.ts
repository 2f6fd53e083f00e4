import assert from 'node:assert/strict';
import { type DoctorWorld, hasAll, PEER, type Site, US, until } from './doctor-world.ts';
import type { Fault, Repaired } from './fault.ts';

/** Part of a room's state was lost on one side: nobody notices until one refuses what the other allows. */
export const FAULTS_OF_STATES: readonly Fault[] = [
  {
    id: 'F33',
    about: 'we have lost the power levels of a room',
    cause: 'D25',
    async inject(world) {
      const levels = await state(world, world.peer, 'm.room.power_levels');
      const lost = await lostBy(world, world.us, 'm.room.power_levels', { ...levels, kick: 60 });
      return async () => {
        await tells(world, 'power levels: kick is 60 there and 50 here');
        const refused = await withHole(world, () => world.takeState());
        assert.match(refused, /^refused: 1 event of the room/);
        return takes(world, lost, async () => (await state(world, world.us, 'm.room.power_levels')).kick === 60);
      };
    },
  },
  {
    id: 'F36b',
    about: 'we have lost the power levels of a room, and refused what they allow',
    cause: 'D25',
    async inject(world) {
      const { us, peer, roomId } = world;
      const erin = await peer.server.user('erin');
      await erin.ok('POST', `/v3/join/${encodeURIComponent(roomId)}`, {});
      const levels = await state(world, peer, 'm.room.power_levels');
      const users = { ...Object(levels.users), [`@alice:${US}`]: 50 };
      const shut = { ...levels, users, events: {}, events_default: 50 };
      await world.arrives(us, await setState(world, 'm.room.power_levels', shut));
      await lostBy(world, us, 'm.room.power_levels', { ...shut, events_default: 0, state_default: 0 });
      const said: string[] = [];
      for (const body of ['one', 'two', 'three']) said.push(await world.say({ ...peer, user: erin }, body));
      const named = await erin.ok('PUT', statePath(world, 'm.room.name', ''), { name: 'called by Erin' });
      await until(() => refusedBy(world) === said.length + 1, 'they were not refused');
      return async () => {
        assert.match(await world.takeState(), /^took \d+ part/);
        await hasAll(world, us, [...said, String(named.event_id)]);
        await world.arrives(us, await world.say({ ...peer, user: erin }, 'heard at once'));
        return (await state(world, us, 'm.room.name')).name === 'called by Erin';
      };
    },
  },
  {
    id: 'F33b',
    about: 'we have lost the join rules of a room',
    cause: 'D25',
    async inject(world) {
      const lost = await lostBy(world, world.us, 'm.room.join_rules', { join_rule: 'invite' });
      return async () => {
        await tells(world, 'join rules: join_rule is "invite" there and "public" here');
        const hasIt = async () => (await state(world, world.us, 'm.room.join_rules')).join_rule === 'invite';
        return takes(world, lost, hasIt);
      };
    },
  },
  {
    id: 'F33c',
    about: 'a ban that the peer alone knows',
    cause: 'D25',
    async inject(world) {
      const banned = `@mallory:${PEER}`;
      const lost = await lostBy(world, world.us, 'm.room.member', { membership: 'ban' }, banned);
      return async () => {
        await tells(world, `member of ${banned}: only they have it`);
        return takes(
          world,
          lost,
          async () => (await state(world, world.us, 'm.room.member', banned)).membership === 'ban',
        );
      };
    },
  },
  {
    id: 'F33d',
    about: 'a ban that we alone know: there is nothing to take',
    cause: 'D25',
    async inject(world) {
      const banned = `@mallory:${PEER}`;
      await lostBy(world, world.peer, 'm.room.member', { membership: 'ban' }, banned);
      return async () => {
        await tells(world, `member of ${banned}: only we have it`);
        const said = await world.takeState();
        assert.match(said, /^refused: by the rules of the room what we have stands/);
        return (await state(world, world.us, 'm.room.member', banned)).membership === 'ban';
      };
    },
  },
  {
    id: 'F33e',
    about: 'the peer has lost the topic and kept an old one, and a third server sides with us',
    cause: 'D25',
    async inject(world) {
      const third = await world.third();
      await third.user.ok('POST', `/v3/join/${encodeURIComponent(world.roomId)}?via=${PEER}`, {});
      await setState(world, 'm.room.topic', { topic: 'old' });
      const lost = await lostBy(world, world.peer, 'm.room.topic', { topic: 'new' });
      await world.arrives(third, lost);
      await world.arrives(third, await world.say(world.us, 'all have this'));
      await until(() => isLevel(world), 'they do not come to the same end');
      return async () => {
        await tells(world, 'topic: topic is "old" there and "new" here');
        assert.match(
          await world.takeState(),
          /^refused: third\.test has the state that we have, and peer\.test alone differs/,
        );
        return (await state(world, world.us, 'm.room.topic')).topic === 'new';
      };
    },
  },
];

/** Both sides get a part of the state, and one forgets it; a message of each comes after that. */
async function lostBy(world: DoctorWorld, site: Site, type: string, content: object, key = ''): Promise<string> {
  const id = await setState(world, type, content, key);
  await world.arrives(world.us, id);
  const [row] = world.rows(site, 'select state_before as old, state_after as new from event where event_id = ?', id);
  const roots = [Number(row?.old), Number(row?.new)] as const;
  await site.server.stop();
  world.change(site, 'update room set state_root = ? where state_root = ?', ...roots);
  for (const column of ['state_before', 'state_after', 'room_root'])
    world.change(
      site,
      `update event set ${column} = ? where ${column} = ? and room_nid = (select room_nid from event where event_id = ?)`,
      ...roots,
      id,
    );
  await site.server.start();
  await world.arrives(world.us, await world.say(world.peer, 'on top'));
  await world.arrives(world.peer, await world.say(world.us, 'and on top of that'));
  return id;
}

async function setState(world: DoctorWorld, type: string, content: object, key = ''): Promise<string> {
  return String((await world.peer.user.ok('PUT', statePath(world, type, key), { ...content })).event_id);
}

async function state(world: DoctorWorld, site: Site, type: string, key = ''): Promise<Record<string, unknown>> {
  return (await site.user.call('GET', statePath(world, type, key))).body;
}

function statePath({ roomId }: DoctorWorld, type: string, key: string): string {
  return `/v3/rooms/${encodeURIComponent(roomId)}/state/${type}/${encodeURIComponent(key)}`;
}

/** The difference is told in words. */
async function tells(world: DoctorWorld, words: string): Promise<void> {
  const { peers } = await world.diagnosis();
  const proof = peers[0]?.findings.find(({ cause }) => cause === 'D25')?.proof.join('\n') ?? '';
  assert.ok(proof.includes(words), proof);
}

/** What was lost is taken from the peer, and after that nothing differs. */
async function takes(world: DoctorWorld, lost: string, hasIt: Repaired): Promise<boolean> {
  const said = await world.takeState();
  assert.match(said, /^took \d+ part/, `${lost}: ${said}`);
  const { peers } = await world.diagnosis();
  const left = peers[0]?.findings.map(({ cause }) => cause) ?? [];
  assert.ok(!left.includes('D25'), `after it was taken: ${left.join(' ')}`);
  return hasIt();
}

function refusedBy(world: DoctorWorld): number {
  return world.rows(world.us, 'select 1 from event where (flags & 3) <> 0 and pos is null').length;
}

/** While an event of the room is missing. */
async function withHole<T>(world: DoctorWorld, work: () => Promise<T>): Promise<T> {
  const hole = `insert into hole (room_nid, event_id, first_seen, wanted_by, tries)
    select nid, '$missing', 0, 0, 0 from room where room_id = ?`;
  world.change(world.us, hole, world.roomId);
  try {
    return await work();
  } finally {
    world.change(world.us, "delete from hole where event_id = '$missing'");
  }
}

async function isLevel(world: DoctorWorld): Promise<boolean> {
  const room = (await world.facts()).peers[0]?.rooms[0];
  return room?.probe?.heads.length === 1 && room.probe.unknown.length === 0 && room.extremities === 1;
}
