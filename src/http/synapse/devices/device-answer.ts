import type { Device } from '../../../accounts/devices.ts';
import type { UserId } from '../../../core/ids.ts';
import type { JsonObject } from '../../../core/json.ts';

/** A device as administrators see it. There are no dehydrated ones. */
export function deviceAnswer(userId: UserId, device: Device): JsonObject {
  return {
    device_id: device.deviceId,
    display_name: device.displayName ?? null,
    last_seen_ip: device.lastSeenIp ?? null,
    last_seen_user_agent: device.userAgent ?? null,
    last_seen_ts: device.lastSeenTs ?? null,
    user_id: userId,
    dehydrated: false,
  };
}
