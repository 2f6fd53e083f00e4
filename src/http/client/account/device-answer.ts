import type { Device } from '../../../accounts/devices.ts';

/** A device as clients see it (client-server API, "Device management"). matrix-nio wants unknown things as null. */
export function deviceAnswer(device: Device) {
  return {
    device_id: device.deviceId,
    display_name: device.displayName ?? null,
    last_seen_ip: device.lastSeenIp ?? null,
    last_seen_ts: device.lastSeenTs ?? null,
  };
}
