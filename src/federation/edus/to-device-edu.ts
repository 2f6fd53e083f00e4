import { domainOf, isUserId, type ServerName } from '../../core/ids.ts';
import { getObject, getString, isObject, type JsonObject } from '../../core/json.ts';
import type { IncomingToDevice } from '../../keys/to-device.ts';
import { userOf } from './user-of.ts';

/**
 * The content of `m.direct_to_device`: the messages for users of `us`. Undefined when the sender is not of the server that
 * sent it, or nothing is for us.
 */
export function readToDevice(origin: ServerName, us: ServerName, content: JsonObject): IncomingToDevice | undefined {
  const sender = userOf(origin, content, 'sender');
  const type = getString(content, 'type');
  const messageId = getString(content, 'message_id');
  const all = getObject(content, 'messages');
  if (sender === undefined || type === undefined || messageId === undefined || all === undefined) return undefined;
  const messages = Object.entries(all).flatMap(([userId, byDevice]): [string, { [deviceId: string]: JsonObject }][] => {
    if (!isUserId(userId) || domainOf(userId) !== us || !isObject(byDevice)) return [];
    const proper = Object.entries(byDevice).filter((each): each is [string, JsonObject] => isObject(each[1]));
    return proper.length === 0 ? [] : [[userId, Object.fromEntries(proper)]];
  });
  return messages.length === 0 ? undefined : { sender, type, messageId, messages: Object.fromEntries(messages) };
}
