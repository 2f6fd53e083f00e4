import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { randomKey } from '../../../test/support/keys.ts';
import { RemoteDevicesWorld } from '../../../test/support/remote-devices.ts';
import { DORA, EMIL } from '../../../test/support/remote-events.ts';
import { ALICE } from '../../../test/support/rooms.ts';
import type { UserId } from '../../core/ids.ts';
import type { Json, JsonObject } from '../../core/json.ts';

const ALGORITHM = 'signed_curve25519';
const FAR = '@far:three.example' as UserId;

const oneTimeKey = (userId: UserId, deviceId = 'A'): JsonObject => ({
  key: randomKey(),
  signatures: { [userId]: { [`ed25519:${deviceId}`]: 'c2lnbmF0dXJl' } },
});

function claim(world: RemoteDevicesWorld, wanted: { [userId: string]: readonly string[] }, timeoutMs = 5000) {
  const users = Object.entries(wanted).map(
    ([userId, devices]) => [userId as UserId, new Map(devices.map(id => [id, ALGORITHM]))] as const,
  );
  return world.keys.claim(new Map(users), { timeoutMs, signal: new AbortController().signal });
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

onEachDatabase('keys are claimed of all servers at once, and who fails spoils it for nobody', async db => {
  const world = new RemoteDevicesWorld(db);
  const key = oneTimeKey(DORA);
  world.down.add('gone.example');
  world.instead = ({ server }) =>
    server === 'three.example'
      ? new Promise<Json>(() => undefined)
      : { one_time_keys: { [DORA]: { A: { [`${ALGORITHM}:1`]: key } } } };
  const { oneTimeKeys, failures } = await claim(
    world,
    { [DORA]: ['A', 'B'], [EMIL]: ['C'], [FAR]: ['D'], '@x:gone.example': ['E'] },
    100,
  );
  assert.deepEqual(plain(oneTimeKeys), { [DORA]: { A: { [`${ALGORITHM}:1`]: key } } });
  assert.deepEqual(Object.keys(failures).sort(), ['gone.example', 'three.example']);
  const [asked] = world.asked.filter(({ server }) => server === 'two.example');
  assert.equal(asked?.path, '/keys/claim');
  assert.deepEqual(asked?.body, {
    one_time_keys: { [DORA]: { A: ALGORITHM, B: ALGORITHM }, [EMIL]: { C: ALGORITHM } },
  });
});

onEachDatabase('of an answer only keys that were asked for are handed on, one a device', async db => {
  const world = new RemoteDevicesWorld(db);
  const good = oneTimeKey(DORA);
  const answers: [Json, boolean][] = [
    [{ [DORA]: { A: { [`${ALGORITHM}:1`]: good, [`${ALGORITHM}:2`]: oneTimeKey(DORA) } } }, true],
    [{ [DORA]: { B: { [`${ALGORITHM}:1`]: good } } }, false],
    [{ [EMIL]: { A: { [`${ALGORITHM}:1`]: good } }, [ALICE]: { A: { [`${ALGORITHM}:1`]: good } } }, false],
    [{ [DORA]: { A: { 'curve25519:1': good } } }, false],
    [{ [DORA]: { A: { [`${ALGORITHM}:1`]: randomKey() } } }, false],
    [{ [DORA]: { A: { [`${ALGORITHM}:1`]: { ...good, key: 'short' } } } }, false],
    [{ [DORA]: { A: { [`${ALGORITHM}:1`]: { ...good, more: 'x'.repeat(5000) } } } }, false],
    [{ [DORA]: { A: { [`${ALGORITHM}:1`]: { key: good.key ?? '' } } } }, false],
    [{ [DORA]: { A: 'x' } }, false],
    [{ [DORA]: [] }, false],
  ];
  for (const [one_time_keys, isTaken] of answers) {
    world.instead = () => ({ one_time_keys });
    const { oneTimeKeys, failures } = await claim(world, { [DORA]: ['A'] });
    const expected = isTaken ? { [DORA]: { A: { [`${ALGORITHM}:1`]: good } } } : {};
    assert.deepEqual(plain(oneTimeKeys), expected, JSON.stringify(one_time_keys).slice(0, 100));
    assert.deepEqual(failures, {});
  }
  for (const none of [{}, { one_time_keys: 'x' }, [], null]) {
    world.instead = () => none;
    assert.deepEqual(Object.keys((await claim(world, { [DORA]: ['A'] })).failures), ['two.example']);
  }
});

onEachDatabase('many devices are claimed for in several requests, and what came before a failure counts', async db => {
  const world = new RemoteDevicesWorld(db);
  const devices = Array.from({ length: 300 }, (_, at) => `D${at}`);
  world.instead = ({ body }) => {
    world.down.add('two.example');
    const ofDora = (body.one_time_keys as JsonObject)[DORA] as JsonObject;
    const keys = Object.keys(ofDora).map(id => [id, { [`${ALGORITHM}:1`]: oneTimeKey(DORA, id) }]);
    return { one_time_keys: { [DORA]: Object.fromEntries(keys) } };
  };
  const { oneTimeKeys, failures } = await claim(world, { [DORA]: devices });
  assert.equal(Object.keys(oneTimeKeys[DORA] ?? {}).length, 250);
  assert.deepEqual(Object.keys(failures), ['two.example']);
  assert.equal(world.asked.length, 2);
});

onEachDatabase('a server that did not answer a moment ago is not waited for', async db => {
  const world = new RemoteDevicesWorld(db);
  await world.shared(DORA);
  world.down.add('two.example');
  await world.query(DORA);
  world.asked.length = 0;
  assert.deepEqual(Object.keys((await claim(world, { [DORA]: ['A'] })).failures), ['two.example']);
  assert.deepEqual(world.asked, []);
  world.clock.advance(60_000);
  await claim(world, { [DORA]: ['A'] });
  assert.equal(world.asked.length, 1);
});
