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
let alicesPhone: ClientProcess;
let bob: ClientProcess;
let roomId: string;
let recoveryKey: string;

before(async () => {
  stage = await Stage.open();
  ({ alice, bob, roomId } = await encryptedPair(stage));
});
after(() => stage?.[Symbol.asyncDispose]());

test('cross-signing keys are made, and another user sees the device signed with them', async () => {
  const { device_id: laptop = '' } = await alice.do('whoami');
  // The first upload may go through without the password; a replacement must not.
  assert.ok((await alice.do('bootstrapCrossSigning', PASSWORD)) <= 1);
  assert.equal(await alice.do('crossSigningReady'), true);
  await eventually(async () => {
    assert.deepEqual(await bob.do('deviceTrust', ALICE, laptop), { signedByOwner: true, verified: false });
  });
});

test('keys that are there already are replaced only with the password', async () => {
  const other = await stage.newDevice('alice', encryption);
  await assert.rejects(other.do('resetCrossSigning', 'a heron at dawn'), /M_FORBIDDEN/);
  await other.do('logOut');
});

test('two devices of a user verify each other with emoji', async () => {
  alicesPhone = await stage.newDevice('alice', encryption);
  const { device_id: phone = '' } = await alicesPhone.do('whoami');
  await eventually(async () => {
    assert.deepEqual(await alice.do('deviceTrust', ALICE, phone), { signedByOwner: false, verified: false });
  });
  assert.equal(await alicesPhone.do('hasPrivateKeys'), false);
  await alice.do('expectVerification');
  await alicesPhone.do('verifyOwnUser');
  await compareEmoji(alicesPhone, alice);
  await eventually(async () => {
    const verified = { signedByOwner: true, verified: true };
    assert.deepEqual(await alice.do('deviceTrust', ALICE, phone), verified);
    assert.equal((await bob.do('deviceTrust', ALICE, phone))?.signedByOwner, true);
    // The private keys come from the other device, by to-device messages.
    assert.equal(await alicesPhone.do('hasPrivateKeys'), true);
    assert.equal(await alicesPhone.do('crossSigningReady'), true);
  });
});

test('two users verify each other with emoji, in their room', async () => {
  await bob.do('bootstrapCrossSigning', PASSWORD);
  await bob.do('expectVerification');
  // Her client asks for his keys when its sync says that they are new.
  await eventually(() => alice.do('verifyUser', BOB, roomId));
  await compareEmoji(alice, bob);
  await eventually(async () => {
    assert.equal(await alice.do('userVerified', BOB), true);
    assert.equal(await bob.do('userVerified', ALICE), true);
    // Alice's other device hears of it through her signature on Bob's key.
    assert.equal(await alicesPhone.do('userVerified', BOB), true);
  });
});

test('a key backup is made and takes up the keys of messages', async () => {
  recoveryKey = await alice.do('makeBackup');
  assert.match(recoveryKey, /^Es/);
  await bob.do('sendTexts', roomId, MESSAGES);
  await eventually(async () => assert.deepEqual(await alice.do('bodiesOf', roomId, BOB), MESSAGES));
  await eventually(async () => {
    const { version, keys, active } = await alice.do('backup');
    assert.equal(active, version);
    assert.ok((keys ?? 0) >= 1);
  }, 30_000);
});

test('a third device reads the old messages after it restored the backup', async () => {
  const tablet = await stage.newDevice('alice', encryption);
  const { device_id: id = '' } = await tablet.do('whoami');
  const unreadable = MESSAGES.map(() => undefined);
  await eventually(async () => assert.deepEqual(await tablet.do('bodiesOf', roomId, BOB), unreadable));
  // The client uploads its keys, asks for those of its user and signs, and does not wait for one before the other.
  const { device_id: laptop = '' } = await alice.do('whoami');
  await eventually(async () => {
    assert.deepEqual(await alice.do('deviceTrust', ALICE, id), { signedByOwner: false, verified: false });
    assert.equal((await tablet.do('deviceTrust', ALICE, laptop))?.signedByOwner, true);
  });
  await tablet.do('useRecoveryKey', recoveryKey);
  const { total, imported } = await tablet.do('restoreBackup');
  assert.ok(total >= 1 && imported === total, `${imported} of ${total}`);
  await eventually(async () => assert.deepEqual(await tablet.do('bodiesOf', roomId, BOB), MESSAGES));
  // Secret storage gave it the private keys, with which it signed itself.
  await eventually(async () => {
    assert.deepEqual(await alice.do('deviceTrust', ALICE, id), { signedByOwner: true, verified: true });
  });
});

/** Takes both sides through SAS; `accepting` waits for the request already. */
async function compareEmoji(asking: ClientProcess, accepting: ClientProcess): Promise<void> {
  await eventually(async () => assert.equal(await accepting.do('verificationPhase'), 'requested'));
  await accepting.do('acceptVerification');
  await eventually(async () => assert.equal(await asking.do('verificationPhase'), 'ready'));
  await asking.do('startSas');
  await eventually(async () => assert.equal(await accepting.do('verificationPhase'), 'started'));
  await accepting.do('joinSas');
  await eventually(async () => {
    const emoji = await asking.do('emoji');
    assert.equal(emoji?.length, 7);
    assert.deepEqual(await accepting.do('emoji'), emoji);
  });
  await Promise.all([asking.do('confirmSas'), accepting.do('confirmSas')]);
  await eventually(async () => {
    assert.equal(await asking.do('verificationPhase'), 'done');
    assert.equal(await accepting.do('verificationPhase'), 'done');
  });
}
