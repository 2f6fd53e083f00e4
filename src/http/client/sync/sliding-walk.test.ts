import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import { type SlidingAnswer, SlidingConnection, type SlidingRoom } from '../../../../test/support/sliding.ts';
import type { ClientEventJson } from '../../../../test/support/sync.ts';
import type { JsonObject } from '../../../core/json.ts';

const BOB = '@bob:one.example';
const STEPS = 60;

/** What a client makes of the answers: rooms with their state, and the end of their timelines without a gap. */
class Model {
  readonly rooms = new Map<string, { membership: string; state: Map<string, string>; timeline: string[] }>();

  take({ rooms }: SlidingAnswer): void {
    for (const [roomId, told] of Object.entries(rooms)) this.#room(roomId, told);
  }

  #room(roomId: string, told: SlidingRoom): void {
    const known = this.rooms.get(roomId);
    assert.ok(told.initial === true || known !== undefined, `the first of ${roomId} is not initial`);
    const fresh = { membership: '', state: new Map<string, string>(), timeline: [] as string[] };
    const room = told.initial === true || known === undefined ? fresh : known;
    this.rooms.set(roomId, room);
    room.membership = told.membership ?? room.membership;
    for (const { type, state_key, event_id } of told.required_state ?? [])
      room.state.set(`${type} ${state_key}`, event_id);
    const { timeline = [], limited, expanded_timeline: isExpanded, num_live: live = 0 } = told;
    const ids = timeline.map(event => event.event_id);
    if (told.initial !== true) assert.ok(live <= ids.length);
    room.timeline = limited === true || isExpanded === true ? ids : [...room.timeline, ...ids];
  }
}

/** Numbers that are the same for the same seed. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return sides => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

const requests = (roll: (sides: number) => number, rooms: readonly string[]): JsonObject => {
  const config = { timeline_limit: [1, 2, 5][roll(3)] ?? 1, required_state: [['*', '*']] };
  const subscribed = rooms.filter(() => roll(4) === 0);
  return {
    lists: { rooms: { ...config, ranges: [[0, roll(4)]] } },
    room_subscriptions: Object.fromEntries(subscribed.map(room => [room, { ...config, timeline_limit: 3 }])),
  };
};

const newRoom = (mark: string): JsonObject => ({
  preset: 'public_chat',
  creation_content: { 'org.example.mark': mark },
});

const WHOLE = { lists: { rooms: { timeline_limit: 2, required_state: [['*', '*']] } } };

/** One thing that happens in one of the rooms. */
async function act(api: RoomApi, room: string, choice: number, at: number): Promise<void> {
  const membership = (who: string, what: string, body: JsonObject = {}) =>
    api.post(who, `/v3/rooms/${room}/${what}`, body);
  switch (choice) {
    case 0:
      return void (await api.setState('alice', room, 'm.room.topic', { topic: `topic ${at}` }));
    case 1:
      return void (await api.setState('alice', room, `org.example.${at % 3}`, { at }, `${at % 2}`));
    case 2:
      return void (await membership('bob', 'leave'));
    case 3:
      return void (await membership('alice', 'kick', { user_id: BOB }));
    case 4:
      return void (await membership('alice', 'invite', { user_id: BOB }));
    case 5:
    case 6:
    case 7:
      return void (await membership('bob', 'join'));
    default:
      return void (await api.say('alice', room, `message ${at}`));
  }
}

/** What the server says of a room when it is asked directly. */
async function truth(api: RoomApi, room: string, events: number) {
  const state = (await api.ok(api.get('bob', `/v3/rooms/${room}/state`))) as unknown as readonly ClientEventJson[];
  const { chunk } = await api.ok(api.get('bob', `/v3/rooms/${room}/messages?dir=b&limit=${events}`));
  return {
    state: new Map(state.map(({ type, state_key, event_id }) => [`${type} ${state_key}`, event_id])),
    timeline: (chunk as unknown as readonly ClientEventJson[]).map(event => event.event_id).toReversed(),
  };
}

onEachDatabase(
  'whatever happens, and whatever is asked for and lost on the way, the client has it in the end',
  async (db, t) => {
    const api = new RoomApi(db, t);
    for (const seed of [1, 2, 3]) {
      const roll = dice(seed);
      const rooms: string[] = [];
      for (let at = 0; at < 5; at++) rooms.push(await api.create('alice', newRoom(`${seed} ${at}`)));
      const client = new SlidingConnection(api, 'bob', `walk${seed}`);
      const model = new Model();
      for (let at = 0; at < STEPS; at++) {
        for (let happen = roll(4); happen > 0; happen--) await act(api, rooms[roll(5)] ?? '', roll(12), at);
        const asked = requests(roll, rooms);
        if (roll(3) === 0) await client.peek(asked);
        if (roll(2) === 0) model.take(await client.sync(asked));
      }
      for (let rest = await client.sync(WHOLE); Object.keys(rest.rooms).length > 0; rest = await client.sync(WHOLE))
        model.take(rest);
      const { joined_rooms: joined } = await api.ok(api.get('bob', '/v3/joined_rooms'));
      assert.ok((joined as string[]).length > 0, `seed ${seed} ends in no room`);
      for (const room of joined as string[]) {
        const known = model.rooms.get(room) ?? assert.fail(`seed ${seed}: no ${room}`);
        const { state, timeline } = await truth(api, room, known.timeline.length);
        assert.ok(known.timeline.length > 0, `seed ${seed}`);
        assert.deepEqual([known.membership, known.timeline], ['join', timeline], `seed ${seed}`);
        assert.deepEqual([...known.state].toSorted(), [...state].toSorted(), `seed ${seed}`);
      }
      for (const [room, { membership }] of model.rooms)
        if (!(joined as string[]).includes(room)) assert.notEqual(membership, 'join', `seed ${seed}: ${room}`);
    }
  },
);
