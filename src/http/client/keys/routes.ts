import type { Keys } from '../../../keys/keys.ts';
import type { DeviceListChanges, InteractiveAuth } from '../../../keys/ports.ts';
import type { Endpoint } from '../../endpoint.ts';
import { claimKeys } from './claim-keys.ts';
import { getKeysChanges } from './get-keys-changes.ts';
import { queryKeys } from './query-keys.ts';
import { uploadCrossSigningKeys } from './upload-cross-signing-keys.ts';
import { uploadCrossSigningSignatures } from './upload-cross-signing-signatures.ts';
import { uploadKeys } from './upload-keys.ts';

export interface KeysRouteParts {
  readonly keys: Keys;
  readonly interactiveAuth: InteractiveAuth;
  readonly deviceListChanges: DeviceListChanges;
}

export function keysRoutes(parts: KeysRouteParts): Endpoint[] {
  return [
    uploadKeys(parts),
    queryKeys(parts),
    claimKeys(parts),
    getKeysChanges(parts),
    uploadCrossSigningKeys(parts),
    uploadCrossSigningSignatures(parts),
  ];
}
