import type { JsonObject } from '../core/json.ts';

/** What a transaction tells (application service API, `PUT /transactions/{txnId}`). */
export interface Content {
  readonly events: readonly JsonObject[];
  readonly ephemeral: readonly JsonObject[];
  readonly encryption: Encryption | undefined;
}

/** What encrypting application services are told (MSC2409, MSC3202). */
export interface Encryption {
  /** With `to_user_id` and `to_device_id`. */
  readonly toDevice: readonly JsonObject[];
  /** Users whose device lists changed. */
  readonly changed: readonly string[];
  /** One-time keys that are left, by user, device and algorithm. */
  readonly keyCounts: JsonObject;
  /** Algorithms of unused fallback keys, by user and device. */
  readonly fallbackTypes: JsonObject;
}

export function isEmpty({ events, ephemeral, encryption }: Content): boolean {
  const { toDevice = [], changed = [] } = encryption ?? {};
  return events.length + ephemeral.length + toDevice.length + changed.length === 0;
}

/** The body of a transaction, with the names that bridges written before the specification had them look for. */
export function transactionBody({ events, ephemeral, encryption }: Content): string {
  return JSON.stringify({
    events,
    ...(ephemeral.length > 0 && { ephemeral, 'de.sorunome.msc2409.ephemeral': ephemeral }),
    ...(encryption && encryptionBody(encryption)),
  });
}

function encryptionBody({ toDevice, changed, keyCounts, fallbackTypes }: Encryption): JsonObject {
  const lists = { changed: [...changed], left: [] };
  return {
    ...(toDevice.length > 0 && { to_device: [...toDevice], 'de.sorunome.msc2409.to_device': [...toDevice] }),
    ...(changed.length > 0 && { device_lists: lists, 'org.matrix.msc3202.device_lists': lists }),
    ...(Object.keys(keyCounts).length > 0 && {
      device_one_time_keys_count: keyCounts,
      'org.matrix.msc3202.device_one_time_keys_count': keyCounts,
      device_unused_fallback_key_types: fallbackTypes,
      'org.matrix.msc3202.device_unused_fallback_key_types': fallbackTypes,
    }),
  };
}
