import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import { firstRooms, SlidingConnection } from '../../../../test/support/sliding.ts';
import type { ClientEventJson, SyncAnswer } from '../../../../test/support/sync.ts';
import type { JsonObject } from '../../../core/json.ts';

const reply = (root: string) => ({ 'm.relates_to': { rel_type: 'm.thread', event_id: root } });

/** The last reply, and how many there are, as the root of a thread says. */
function thread(events: readonly ClientEventJson[] = [], root: string): unknown {
  const relations = events.find(event => event.event_id === root)?.unsigned?.['m.relations'] as JsonObject | undefined;
  const { latest_event: latest, count } = (relations?.['m.thread'] ?? {}) as JsonObject;
  return [count, ((latest as JsonObject | undefined)?.content as JsonObject | undefined)?.body];
}

onEachDatabase('neither way of syncing tells what ignored users said, or counts it', async (db, t) => {
  const ignored = new Set<string>();
  const api = new RoomApi(db, t, {}, { ignoredUsers: async () => ignored });
  const room = await api.create('alice');
  for (const user of ['bob', 'carol']) await api.join(user, room);
  const root = await api.say('alice', room, 'root');
  await api.say('bob', room, 'of bob', reply(root));
  await api.say('carol', room, 'of carol', reply(root));
  const look = async () => {
    const synced = (await api.ok(api.get('alice', '/v3/sync'))) as SyncAnswer;
    const slid = await new SlidingConnection(api, 'alice').sync(firstRooms(20, { timeline_limit: 10 }));
    return [synced.rooms?.join?.[room]?.timeline.events, slid.rooms[room]?.timeline] as const;
  };
  for (const events of await look()) {
    assert.deepEqual(thread(events, root), [2, 'of carol']);
    assert.deepEqual(RoomApi.bodies(events), ['root', 'of bob', 'of carol']);
  }
  ignored.add('@carol:one.example');
  for (const events of await look()) {
    assert.deepEqual(thread(events, root), [1, 'of bob']);
    assert.deepEqual(RoomApi.bodies(events), ['root', 'of bob']);
    assert.ok(events?.some(({ type, sender }) => type === 'm.room.member' && sender === '@carol:one.example'));
  }
});
