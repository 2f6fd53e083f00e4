import { AuthType, MatrixError } from 'matrix-js-sdk';
import { CryptoEvent } from 'matrix-js-sdk/lib/crypto-api/CryptoEvent.js';
import { decodeRecoveryKey } from 'matrix-js-sdk/lib/crypto-api/recovery-key.js';
import { VerificationPhase, type Verifier } from 'matrix-js-sdk/lib/crypto-api/verification.js';
import type { Device } from './device.ts';

const PHASES: Record<VerificationPhase, string> = {
  [VerificationPhase.Unsent]: 'unsent',
  [VerificationPhase.Requested]: 'requested',
  [VerificationPhase.Ready]: 'ready',
  [VerificationPhase.Started]: 'started',
  [VerificationPhase.Cancelled]: 'cancelled',
  [VerificationPhase.Done]: 'done',
};

/** Cross-signing, verification, secret storage and key backup. */
export const cryptoCommands = (device: Device) => ({
  /** Makes cross-signing keys and uploads them, giving the password when the server asks for it: how often it asked. */
  bootstrapCrossSigning: (password: string) => makeKeys(device, password, false),

  /** The same where there are keys already. */
  resetCrossSigning: (password: string) => makeKeys(device, password, true),

  crossSigningReady: () => device.crypto.isCrossSigningReady(),

  async hasPrivateKeys() {
    const { privateKeysCachedLocally: keys } = await device.crypto.getCrossSigningStatus();
    return keys.masterKey && keys.selfSigningKey && keys.userSigningKey;
  },

  /** How this client sees a device; undefined for one whose keys it does not have. */
  async deviceTrust(userId: string, deviceId: string) {
    const known = await device.crypto.getUserDeviceInfo([userId], true);
    if (known.get(userId)?.get(deviceId) === undefined) return undefined;
    const status = await device.crypto.getDeviceVerificationStatus(userId, deviceId);
    return { signedByOwner: status?.signedByOwner, verified: status?.isVerified() };
  },

  async userVerified(userId: string) {
    return (await device.crypto.getUserVerificationStatus(userId)).isCrossSigningVerified();
  },

  /** Takes the next request for verification that comes. */
  expectVerification() {
    device.client.once(CryptoEvent.VerificationRequestReceived, request => {
      device.verification = request;
    });
  },

  async verifyOwnUser() {
    device.verification = await device.crypto.requestOwnUserVerification();
  },

  /** In a room, as users verify each other. As when a client opens the other's profile, their keys are looked up first. */
  async verifyUser(userId: string, roomId: string) {
    if (!(await device.crypto.userHasCrossSigningKeys(userId, true)))
      throw new Error(`no cross-signing keys of ${userId}`);
    device.verification = await device.crypto.requestVerificationDM(userId, roomId);
  },

  verificationPhase: () => (device.verification === undefined ? undefined : PHASES[device.verification.phase]),

  acceptVerification: () => runningVerification(device).accept(),

  async startSas() {
    begin(await runningVerification(device).startVerification('m.sas.v1'));
  },

  /** On the side that did not start it. */
  joinSas() {
    begin(sasOf(device));
  },

  emoji: () =>
    sasOf(device)
      .getShowSasCallbacks()
      ?.sas.emoji?.map(([, name]) => name),

  async confirmSas() {
    await sasOf(device).getShowSasCallbacks()?.confirm();
  },

  /** Makes secret storage, puts the cross-signing keys there, and a key backup. Gives the recovery key. */
  async makeBackup() {
    let encoded = '';
    await device.crypto.bootstrapSecretStorage({
      setupNewSecretStorage: true,
      setupNewKeyBackup: true,
      createSecretStorageKey: async () => {
        const key = await device.crypto.createRecoveryKeyFromPassphrase();
        device.recoveryKey = key.privateKey;
        encoded = key.encodedPrivateKey ?? '';
        return key;
      },
    });
    return encoded;
  },

  /** As the server tells it now. */
  async backup() {
    const backupInfo = (await device.crypto.checkKeyBackupAndEnable())?.backupInfo;
    const active = await device.crypto.getActiveSessionBackupVersion();
    return { version: backupInfo?.version, keys: backupInfo?.count, active };
  },

  async useRecoveryKey(encoded: string) {
    device.recoveryKey = decodeRecoveryKey(encoded);
    // Finds the private keys in secret storage, and signs this device with them.
    await device.crypto.bootstrapCrossSigning({});
    await device.crypto.loadSessionBackupPrivateKeyFromSecretStorage();
  },

  restoreBackup: () => device.crypto.restoreKeyBackup(),

  canDehydrate: () => device.crypto.isDehydrationSupported(),

  /** Takes in what a dehydrated device was sent, if there is one, and leaves a new one behind (MSC3814). */
  dehydrate: (createNewKey: boolean) => device.crypto.startDehydration(createNewKey),
});

function runningVerification({ verification }: Device) {
  if (verification === undefined) throw new Error('No verification is running.');
  return verification;
}

function sasOf(device: Device): Verifier {
  const { verifier } = runningVerification(device);
  if (verifier === undefined) throw new Error('Nobody has started to compare emoji.');
  return verifier;
}

function begin(verifier: Verifier): void {
  // It ends when both sides have confirmed; a failure shows in the phase.
  verifier.verify().catch((error: unknown) => console.error('The verification failed.', error));
}

async function makeKeys(device: Device, password: string, setupNewCrossSigning: boolean): Promise<number> {
  const identifier = { type: 'm.id.user', user: device.userId };
  let challenges = 0;
  await device.crypto.bootstrapCrossSigning({
    setupNewCrossSigning,
    async authUploadDeviceSigningKeys(makeRequest) {
      try {
        await makeRequest(null);
      } catch (error) {
        if (!(error instanceof MatrixError) || error.httpStatus !== 401) throw error;
        challenges += 1;
        await makeRequest({ type: AuthType.Password, identifier, password, session: error.data.session as string });
      }
    },
  });
  return challenges;
}
