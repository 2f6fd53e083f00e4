import assert from 'node:assert/strict';
import { type Caller, over, withAdmin } from '../../test/support/admin-world.ts';
import type { JsonObject } from '../core/json.ts';

const at = encodeURIComponent;
let sent = 0;

async function say(user: Caller, room: string, body: string): Promise<string> {
  const path = `c/v3/rooms/${at(room)}/send/m.room.message/t${sent++}`;
  return String((await user.ok('PUT', path, { msgtype: 'm.text', body })).event_id);
}

async function room(user: Caller, ...others: readonly Caller[]): Promise<string> {
  const id = String((await user.ok('POST', 'c/v3/createRoom', { preset: 'public_chat' })).room_id);
  for (const other of others) await other.ok('POST', `c/v3/join/${at(id)}`, {});
  return id;
}

/** The texts that are left of what somebody said in a room. */
async function left(reader: Caller, id: string, sender: string): Promise<unknown[]> {
  const { chunk } = await reader.ok('GET', `c/v3/rooms/${at(id)}/messages?dir=f&limit=1000`);
  const events = (chunk ?? []) as unknown as { sender: string; type: string; content: JsonObject }[];
  return events
    .filter(event => event.sender === sender && event.type === 'm.room.message')
    .flatMap(event => event.content.body ?? []);
}

async function redact(root: Caller, user: string, body: JsonObject): Promise<JsonObject> {
  const { redact_id: id } = await root.ok('POST', `v1/user/${user}/redact`, body);
  return (await over(root, `v1/user/redact_status/${id}`)) as unknown as JsonObject;
}

withAdmin('all that a user said goes, in all rooms, and nothing of others', async (world, root) => {
  const [alice, spammer] = [await world.user('alice'), await world.user('spammer')];
  const [one, two] = [await room(alice, spammer), await room(alice, spammer)];
  for (let i = 0; i < 25; i++) await say(spammer, one, `buy ${i}`);
  await say(spammer, two, 'sell');
  await say(alice, one, 'please stop');
  const { status, failed_redactions: failed } = await redact(root, spammer.id, { rooms: [], reason: 'spam' });
  assert.deepEqual([status, failed], ['complete', {}]);
  assert.deepEqual([await left(alice, one, spammer.id), await left(alice, two, spammer.id)], [[], []]);
  assert.deepEqual(await left(alice, one, alice.id), ['please stop']);
  const { chunk } = await alice.ok('GET', `c/v3/rooms/${at(one)}/messages?dir=b&limit=1000`);
  const redactions = (chunk as unknown as { type: string; sender: string; content: JsonObject }[]).filter(
    event => event.type === 'm.room.redaction',
  );
  // 25 messages and the joining, under the user's own name.
  assert.equal(redactions.length, 26);
  assert.ok(redactions.every(event => event.sender === spammer.id && event.content.reason === 'spam'));
  const members = await alice.ok('GET', `c/v3/rooms/${at(one)}/joined_members`);
  assert.deepEqual(Object.keys(members.joined ?? {}).toSorted(), [alice.id, spammer.id].toSorted(), 'still joined');
  assert.equal(members.joined?.[spammer.id]?.display_name, null, 'the name goes with the redacted join');
});

withAdmin('rooms, times and numbers are kept to', async (world, root) => {
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const [one, two] = [await room(alice, bob), await room(alice, bob)];
  for (const body of ['a', 'b', 'c', 'd']) await say(bob, one, body);
  await say(bob, two, 'elsewhere');
  await redact(root, bob.id, { rooms: [one], limit: 1 });
  assert.deepEqual([await left(alice, one, bob.id), await left(alice, two, bob.id)], [['a', 'b', 'c'], ['elsewhere']]);
  await redact(root, bob.id, { rooms: [one], after_ts: Date.now() + 60_000 });
  await redact(root, bob.id, { rooms: [one], before_ts: 1 });
  assert.deepEqual(await left(alice, one, bob.id), ['a', 'b', 'c']);
  await redact(root, bob.id, { rooms: [one], after_ts: 1, before_ts: Date.now() + 60_000 });
  assert.deepEqual(await left(alice, one, bob.id), []);
});

withAdmin('the administrator redacts where the user cannot, and says what that comes to', async (world, root) => {
  const [alice, bob] = [await world.user('alice'), await world.user('bob')];
  const [mine, foreign] = [await room(root, bob, alice), await room(alice, bob)];
  await say(bob, mine, 'here');
  const there = await say(bob, foreign, 'there');
  for (const [owner, id] of [
    [root, mine],
    [alice, foreign],
  ] as const)
    await owner.ok('POST', `c/v3/rooms/${at(id)}/ban`, { user_id: bob.id });
  const answer = await redact(root, bob.id, { rooms: [] });
  assert.equal(answer.status, 'complete');
  assert.deepEqual(await left(alice, mine, bob.id), []);
  assert.deepEqual(await left(alice, foreign, bob.id), ['there'], 'the administrator is not in that room');
  assert.match(String((answer.failed_redactions as JsonObject)[there]), /redact|room/);
  const byAdmin = await redact(root, alice.id, { rooms: [mine], use_admin: true });
  assert.equal(byAdmin.status, 'complete');
});

withAdmin('what makes no sense is refused', async (world, root) => {
  const alice = await world.user('alice');
  const path = `v1/user/${alice.id}/redact`;
  await alice.refused(403, 'M_FORBIDDEN', 'POST', path, { rooms: [] });
  await root.refused(400, 'M_MISSING_PARAM', 'POST', path, {});
  await root.refused(400, 'M_BAD_JSON', 'POST', path, { rooms: [], limit: 0 });
  await root.refused(400, 'M_INVALID_PARAM', 'POST', path, { rooms: ['hall'] });
  await root.refused(400, 'M_INVALID_PARAM', 'POST', 'v1/user/alice/redact', { rooms: [] });
  await root.refused(404, 'M_NOT_FOUND', 'GET', 'v1/user/redact_status/none');
});
