import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from './eventually.ts';
import type { ClientProcess } from './js-sdk/client-process.ts';
import { encryptedPair } from './js-sdk/encrypted-room.ts';
import { PASSWORD, Stage, userId } from './js-sdk/stage.ts';

const ALICE = userId('alice');
const BOB = userId('bob');
const MESSAGES = Array.from({ length: 10 }, (_, index) => `secret ${index}`);
const encryption = { encryption: true };

let stage: Stage;
let alice: ClientProcess;
let bob: ClientProcess;
let roomId: string;
let recoveryKey: string;

before(async () => {
  stage = await Stage.open();
  ({ alice, bob, roomId } = await encryptedPair(stage));
  await alice.do('bootstrapCrossSigning', PASSWORD);
  recoveryKey = await alice.do('makeBackup');
});
after(() => stage?.[Symbol.asyncDispose]());

test('what was said while a user was logged in nowhere is read by a dehydrated device', async () => {
  assert.equal(await alice.do('canDehydrate'), true);
  await alice.do('dehydrate', true);
  const [laptop = '', dehydrated = ''] = await inOrder(alice);
  assert.notEqual(dehydrated, laptop);
  // Bob's client has to know of the device before it writes to it, as of every other one.
  await seesAsSigned(bob, dehydrated);
  await alice.do('logOut');
  await bob.do('sendTexts', roomId, MESSAGES);

  const tablet = await stage.newDevice('alice', encryption);
  await eventually(async () =>
    assert.deepEqual(
      await tablet.do('bodiesOf', roomId, BOB),
      MESSAGES.map(() => undefined),
    ),
  );
  // Her public keys have to be here before the private ones are.
  await seesAsSigned(tablet, dehydrated);
  await tablet.do('useRecoveryKey', recoveryKey);
  await tablet.do('dehydrate', false);
  await eventually(async () => assert.deepEqual(await tablet.do('bodiesOf', roomId, BOB), MESSAGES));
  // The next one takes its place.
  const [own = '', next = '', ...more] = await inOrder(tablet);
  assert.deepEqual([own === next, next === dehydrated, more], [false, false, []]);
});

function seesAsSigned(client: ClientProcess, deviceId: string): Promise<void> {
  return eventually(async () => assert.equal((await client.do('deviceTrust', ALICE, deviceId))?.signedByOwner, true));
}

/** The device that asks, then the others. */
async function inOrder(client: ClientProcess): Promise<string[]> {
  const { device_id: own = '' } = await client.do('whoami');
  return [own, ...(await client.do('devices')).filter(id => id !== own)];
}
