import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { RoomApi } from '../../../../test/support/room-api.ts';
import { getObject, type JsonObject } from '../../../core/json.ts';

onEachDatabase('the state at the end has the name by which it was asked for', async (db, t) => {
  const api = new RoomApi(db, t);
  const room = await api.create('alice', { name: 'Grove' });
  for (const [query, name] of [
    ['', 'state'],
    ['?use_state_after=false', 'state'],
    ['?use_state_after=true', 'state_after'],
    ['?org.matrix.msc4222.use_state_after=true', 'org.matrix.msc4222.state_after'],
    ['?use_state_after=true&org.matrix.msc4222.use_state_after=true', 'state_after'],
  ] as const) {
    const { rooms = {} } = await api.ok(api.get('alice', `/v3/sync${query}`));
    const block = getObject(getObject(rooms as JsonObject, 'join') ?? {}, room) ?? {};
    const names = Object.keys(block).filter(key => key.endsWith('state') || key.endsWith('state_after'));
    assert.deepEqual(names, [name], query);
  }
});
