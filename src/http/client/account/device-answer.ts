import type { Device } from '../../../accounts/devices.ts';

/** A device as clients see it (client-server API, "Device management"). */
export function deviceAnswer(device: Device) {
  return {
    device_id: device.deviceId,
    display_name: device.displayName,
    last_seen_ip: device.lastSeenIp,
    last_seen_ts: device.lastSeenTs,
  };
}
