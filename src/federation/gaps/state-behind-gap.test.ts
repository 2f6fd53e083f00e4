import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { HistoryWorld } from '../../../test/support/history-world.ts';
import { wholeState } from '../../../test/support/other-server.ts';
import { DORA, EMIL, newest } from '../../../test/support/remote-events.ts';
import { ALICE, BOB, bodiesSeen, joinAll, say, setState, stateContent } from '../../../test/support/rooms.ts';
import type { JsonObject } from '../../core/json.ts';
import { updateProfile } from '../../rooms/membership.ts';
import type { StoredEvent } from '../../rooms/room.ts';

const kindOf = (path: string) => /\/v1\/([a-z_]+)/.exec(path)?.[1] ?? '';
const pdu = (stored: StoredEvent) => stored.event.pdu as unknown as JsonObject;
/** More than is asked for at ten events for each answer. */
const CHANGES = 115;

// MSC4297, "Problem B": between two power levels lies a third, without which the last one is not allowed.
onEachDatabase('a server that tells an old state behind a gap sets nothing back', async (db, t) => {
  const world = await HistoryWorld.start(t, db);
  const { here, there } = world;
  const remote = await world.newRoom('12');
  const room = await world.enter(remote);
  const first = await setState(there, remote, DORA, 'm.room.power_levels', { users: { [ALICE]: 100 } });
  await world.send([await newest(there, remote)]);
  const tellNewest = async () => world.tell(remote, (await newest(here, room)).event);
  await joinAll(here, room, [BOB]);
  await tellNewest();
  const levels = { users: { [ALICE]: 100, [BOB]: 50 } };
  await setState(here, room, ALICE, 'm.room.power_levels', levels);
  await tellNewest();
  const last = { ...levels, events: { 'm.room.topic': 50 } };
  const now = await setState(here, room, BOB, 'm.room.power_levels', last);
  await tellNewest();
  await joinAll(there, remote, [EMIL]);
  const joined = await newest(there, remote);
  await world.send([joined]);
  const changes: StoredEvent[] = [];
  for (let at = 0; at < CHANGES; at++) {
    await updateProfile(there, remote, EMIL, { displayName: `Emil ${at}` });
    changes.push(await newest(there, remote));
  }
  const sent = await say(there, remote, EMIL, 'after all that');
  const state = (await wholeState(there, remote)).map(event => event.id);
  const indexOf = (id: unknown) => (id === sent.event.id ? CHANGES : changes.findIndex(each => each.event.id === id));
  const idOf = (at: number) => (changes[at] ?? joined).event.id;
  const asked: string[] = [];
  world.servers.instead = (_, { path, body, query }) => {
    if (kindOf(path) === 'get_missing_events') {
      const at = indexOf((body as { latest_events: string[] }).latest_events[0]);
      return { events: changes.slice(Math.max(at - 10, 0), at).map(pdu) };
    }
    if (kindOf(path) !== 'state_ids') return undefined;
    asked.push(String(query?.event_id));
    const at = indexOf(query?.event_id);
    // Emil as he was then, and the power levels of long ago.
    const told = state.map(id => (id === idOf(CHANGES - 1) ? idOf(at - 1) : id === now ? first : id));
    const chain = Array.from({ length: at }, (_, before) => idOf(before - 1));
    return { pdu_ids: told, auth_chain_ids: chain };
  };
  await world.send([sent]);
  assert.equal(asked.length, 1, 'the state is asked for where the gap ends');
  assert.deepEqual(await bodiesSeen(here, room, ALICE), ['after all that']);
  assert.deepEqual(await stateContent(here, room, 'm.room.power_levels'), last);
});
