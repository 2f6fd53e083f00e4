import { CrossSigning } from './cross-signing.ts';
import { DeviceFollower } from './device-follower.ts';
import { DeviceLists } from './device-lists.ts';
import { KeyBackup } from './key-backup.ts';
import { KeyClaim } from './key-claim.ts';
import { KeyQuery } from './key-query.ts';
import { KeyUpload } from './key-upload.ts';
import type { KeyParts } from './parts.ts';
import { SignatureUpload } from './signature-upload.ts';
import { ToDevice } from './to-device.ts';

/** What this part offers to the endpoints, to sync and to federation. */
export interface Keys {
  readonly upload: KeyUpload;
  readonly query: KeyQuery;
  readonly claim: KeyClaim;
  readonly crossSigning: CrossSigning;
  readonly signatures: SignatureUpload;
  readonly toDevice: ToDevice;
  readonly backup: KeyBackup;
  readonly deviceLists: DeviceLists;
  /** To be handed to `accounts`. */
  readonly deviceFollower: DeviceFollower;
}

export function buildKeys(parts: KeyParts): Keys {
  const deviceLists = new DeviceLists(parts);
  return {
    upload: new KeyUpload({ db: parts.db, deviceLists }),
    query: new KeyQuery(parts),
    claim: new KeyClaim(parts),
    crossSigning: new CrossSigning({ db: parts.db, devices: parts.devices, deviceLists }),
    signatures: new SignatureUpload({ ...parts, deviceLists }),
    toDevice: new ToDevice(parts),
    backup: new KeyBackup(parts.db),
    deviceLists,
    deviceFollower: new DeviceFollower(deviceLists),
  };
}
