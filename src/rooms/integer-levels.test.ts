import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/support/databases.ts';
import { accepted, DORA, joinFrom } from '../../test/support/remote-events.ts';
import { ALICE, newRoom, roomsOn, setState, stateContent } from '../../test/support/rooms.ts';
import type { JsonObject } from '../core/json.ts';

/** Each of them a room of version 9 takes, as integers written in another way. */
const TAKEN: readonly JsonObject[] = [
  { kick: '50' },
  { users_default: '0' },
  { invite: true },
  { events: { 'm.room.name': ' 50 ' } },
  { notifications: { room: '20' } },
];

onEachDatabase('our users set integers as power levels, also in rooms that would take texts', async db => {
  const parts = roomsOn(db);
  for (const version of ['1', '9', '11']) {
    const room = await newRoom(parts, { version });
    const users = { [ALICE]: 100 };
    for (const more of TAKEN) {
      const content = { users, ...more };
      await assert.rejects(setState(parts, room, ALICE, 'm.room.power_levels', content), { errcode: 'M_BAD_JSON' });
      const plan = { version, powerLevelOverride: content };
      await assert.rejects(newRoom(parts, plan), { errcode: 'M_BAD_JSON' });
      const initialState = [{ type: 'm.room.power_levels', stateKey: '', content }];
      await assert.rejects(newRoom(parts, { version, initialState }), { errcode: 'M_BAD_JSON' });
    }
    await assert.rejects(setState(parts, room, ALICE, 'm.room.power_levels', { users: { [ALICE]: '100' } }), {
      errcode: 'M_BAD_JSON',
    });
    await setState(parts, room, ALICE, 'm.room.power_levels', { users, kick: 60 });
  }
});

onEachDatabase('texts of other servers count, and can be set right', async db => {
  const parts = roomsOn(db);
  const room = await newRoom(parts, { version: '9', powerLevelOverride: { users: { [ALICE]: 100, [DORA]: 100 } } });
  await joinFrom(parts, room, DORA);
  const content = { users: { [ALICE]: '100', [DORA]: '100' }, kick: '70' };
  await accepted(parts, room, { type: 'm.room.power_levels', sender: DORA, stateKey: '', content });
  assert.deepEqual(await stateContent(parts, room, 'm.room.power_levels'), content);
  const right = { users: { [ALICE]: 100, [DORA]: 100 }, kick: 70 };
  await setState(parts, room, ALICE, 'm.room.power_levels', right);
  assert.deepEqual(await stateContent(parts, room, 'm.room.power_levels'), right);
});
