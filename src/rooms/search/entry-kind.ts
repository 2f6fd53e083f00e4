import { getString, type JsonObject } from '../../core/json.ts';
import { plainTopic } from '../plain-topic.ts';

/** What of an event search finds it by: a message's body, a room's name, its topic. */
export const ENTRY_KINDS = { body: 0, name: 1, topic: 2 } as const;
export type EntryKind = (typeof ENTRY_KINDS)[keyof typeof ENTRY_KINDS];

/** The text in an event's content that an entry of a kind is made from (client-server API, "Search Categories"). */
export function entryText(kind: EntryKind, content: JsonObject): string {
  if (kind === ENTRY_KINDS.body) return getString(content, 'body') ?? '';
  if (kind === ENTRY_KINDS.name) return getString(content, 'name') ?? '';
  // In both its forms, which as a rule are the same text.
  const texts = new Set([getString(content, 'topic'), plainTopic(content)]);
  return [...texts].filter(text => text !== undefined).join('\n');
}
