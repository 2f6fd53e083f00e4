import { getArray, getObject, getString, isObject, type JsonObject } from '../core/json.ts';

/** The topic in plain text: that of `m.topic` where it has one, else `topic` (client-server API, m.room.topic). */
export function plainTopic(content: JsonObject): string | undefined {
  const rich = getArray(getObject(content, 'm.topic') ?? {}, 'm.text') ?? [];
  for (const text of rich) {
    if (isObject(text) && (getString(text, 'mimetype') ?? 'text/plain') === 'text/plain') {
      return getString(text, 'body') ?? getString(content, 'topic');
    }
  }
  return getString(content, 'topic');
}
