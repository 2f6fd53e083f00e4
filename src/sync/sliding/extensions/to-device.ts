import type { JsonObject } from '../../../core/json.ts';
import type { LogWindow } from '../../window.ts';
import type { WantedExtensions } from '../request.ts';

/**
 * MSC3885: messages to the device, with a place in the user's log of their own. What came before it was received and is
 * deleted, whatever became of the connection.
 */
export async function toDeviceExtension(
  { sources, parts, view, now }: LogWindow,
  { since = 0, limit }: NonNullable<WantedExtensions['toDevice']>,
): Promise<JsonObject & { readonly events: JsonObject[] }> {
  const { deviceId, userNid } = view;
  const isMissing = deviceId !== undefined && since < now.user;
  if (!isMissing) return { next_batch: String(now.user), events: [] };
  const { events, upTo } = await sources.toDevice(parts.db, userNid, deviceId, since, now.user, limit);
  return { next_batch: String(upTo), events: [...events] };
}
