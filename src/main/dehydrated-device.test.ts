import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal } from '../../test/support/http.ts';
import { newDevice } from '../../test/support/remote-devices.ts';
import { type Client, WholeServer } from '../../test/support/whole-server.ts';
import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { DEHYDRATED_DEVICE } from '../http/client/dehydrated-device/path.ts';

const PATH = DEHYDRATED_DEVICE.slice('/_matrix/client'.length);
const DATA = { algorithm: 'org.matrix.msc3814.v2', device_pickle: 'a pickle', nonce: 'a nonce' };

/** The body of a request that puts a device there, with one key that can be used once. */
function bodyOf({ id }: Client, deviceId: string): JsonObject {
  const device = newDevice(id as UserId, deviceId);
  const key = device.sign({ key: 'A'.repeat(43) });
  return {
    device_id: deviceId,
    device_data: DATA,
    initial_device_display_name: 'Dehydrated',
    device_keys: device.keys,
    one_time_keys: { 'signed_curve25519:AAAAAQ': key },
  };
}

async function devicesOf(client: Client): Promise<string[]> {
  const { devices } = await client.ok('GET', '/v3/devices');
  return (devices as { device_id: string }[]).map(({ device_id }) => device_id);
}

let sent = 0;
async function write(from: Client, to: Client, deviceId: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const messages = { [to.id]: { [deviceId]: { n } } };
    await from.ok('PUT', `/v3/sendToDevice/test.key/${sent++}`, { messages });
  }
}

test('a dehydrated device has keys, takes messages in, and keeps them until it is replaced', async t => {
  const server = await new WholeServer(t).start();
  const [alice, bob] = [await server.user('alice'), await server.user('bob')];
  assert.deepEqual(await refusal(alice.call('GET', PATH)), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await alice.ok('PUT', PATH, bodyOf(alice, 'DRY')), { device_id: 'DRY' });
  assert.deepEqual(await alice.ok('GET', PATH), { device_id: 'DRY', device_data: DATA });
  const { device_keys: keys } = await bob.ok('POST', '/v3/keys/query', { device_keys: { [alice.id]: [] } });
  assert.deepEqual(Object.keys((keys as Record<string, JsonObject>)[alice.id] ?? {}), ['DRY']);
  const claim = { one_time_keys: { [alice.id]: { DRY: 'signed_curve25519' } } };
  const claimed = await bob.ok('POST', '/v3/keys/claim', claim);
  assert.match(JSON.stringify(claimed.one_time_keys), /signed_curve25519:AAAAAQ/);

  await write(bob, alice, 'DRY', 120);
  const seen: unknown[] = [];
  let from = '';
  do {
    const page = await alice.ok('GET', `${PATH}/DRY/events?limit=50${from}`);
    seen.push(...(page.events as { content: { n: number } }[]).map(({ content }) => content.n));
    from = page.next_batch === undefined ? '' : `&from=${String(page.next_batch)}`;
  } while (from !== '');
  assert.deepEqual(seen, [...Array(120).keys()]);
  // As clients of before ask, and from the beginning once more.
  let [page, count] = [await alice.ok('POST', `${PATH}/DRY/events`, {}), 0];
  while ((page.events as unknown[]).length > 0) {
    count += (page.events as unknown[]).length;
    page = await alice.ok('POST', `${PATH}/DRY/events`, { next_batch: String(page.next_batch) });
  }
  assert.equal(count, 120);

  const own = (await devicesOf(alice)).filter(id => id !== 'DRY');
  await alice.ok('PUT', PATH, bodyOf(alice, 'DRY2'));
  assert.deepEqual((await devicesOf(alice)).sort(), ['DRY2', ...own].sort());
  assert.deepEqual(await refusal(alice.call('GET', `${PATH}/DRY/events`)), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await alice.ok('GET', `${PATH}/DRY2/events`), { events: [] });
});

test('only a device of its own, signed by itself, is dehydrated', async t => {
  const server = await new WholeServer(t).start();
  const [alice, bob] = [await server.user('alice'), await server.user('bob')];
  const [own = ''] = await devicesOf(alice);
  assert.deepEqual(await refusal(alice.call('PUT', PATH, bodyOf(alice, own))), [400, 'M_INVALID_PARAM']);
  const { device_keys: _, ...keyless } = bodyOf(alice, 'DRY');
  assert.equal((await alice.call('PUT', PATH, keyless)).status, 400);
  assert.equal(
    (await alice.call('PUT', PATH, { ...keyless, device_keys: newDevice(bob.id as UserId, 'DRY').keys })).status,
    400,
  );
  const { signatures: __, ...unsigned } = newDevice(alice.id as UserId, 'DRY').keys;
  assert.equal((await alice.call('PUT', PATH, { ...keyless, device_keys: unsigned })).status, 400);
  assert.deepEqual(await devicesOf(alice), [own]);

  await alice.ok('PUT', PATH, bodyOf(alice, 'DRY'));
  assert.deepEqual(await refusal(bob.call('GET', `${PATH}/DRY/events`)), [403, 'M_FORBIDDEN']);
  assert.deepEqual(await refusal(alice.call('GET', `${PATH}/DRY/events?from=x`)), [400, 'M_INVALID_PARAM']);
  assert.deepEqual(await alice.ok('DELETE', PATH), { device_id: 'DRY' });
  assert.deepEqual(await refusal(alice.call('DELETE', PATH)), [404, 'M_NOT_FOUND']);
  assert.deepEqual(await devicesOf(alice), [own]);
});

test('a dehydrated device that is deleted as any other is none any more', async t => {
  const server = await new WholeServer(t).start();
  const alice = await server.user('alice');
  await alice.ok('PUT', PATH, bodyOf(alice, 'DRY'));
  const { session } = (await alice.call('DELETE', '/v3/devices/DRY', {})).body;
  const identifier = { type: 'm.id.user', user: 'alice' };
  const auth = { type: 'm.login.password', identifier, password: 'a long password', session: session ?? '' };
  await alice.ok('DELETE', '/v3/devices/DRY', { auth });
  assert.deepEqual(await refusal(alice.call('GET', PATH)), [404, 'M_NOT_FOUND']);
});
