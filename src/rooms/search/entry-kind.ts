/** What of an event search finds it by: a message's body, a room's name, its topic. */
export const ENTRY_KINDS = { body: 0, name: 1, topic: 2 } as const;
export type EntryKind = (typeof ENTRY_KINDS)[keyof typeof ENTRY_KINDS];
