import { Direction, RelationType } from 'matrix-js-sdk';
import type { Device } from './device.ts';

/** Finding messages, people, threads and what stands behind a link. */
export const findingCommands = (device: Device) => ({
  /** The bodies of the messages that are found, best first, as far as the user may see them. */
  async searchMessages(term: string) {
    const { results } = await device.client.searchRoomEvents({ term });
    return results.map(({ context }) => context.getEvent().getContent().body as string);
  },

  async searchUsers(term: string) {
    const { results } = await device.client.searchUserDirectory({ term });
    return results.map(({ user_id, display_name }) => [user_id, display_name] as const);
  },

  async preview(url: string) {
    return device.client.getUrlPreview(url, 0);
  },

  async eventAt(roomId: string, timestamp: number) {
    return (await device.client.timestampToEvent(roomId, timestamp, Direction.Forward)).event_id;
  },

  /** The roots of a room's threads, the newest first, with the number of replies. */
  async threads(roomId: string) {
    const { chunk } = await device.client.createThreadListMessagesRequest(roomId, null);
    return chunk.map(event => [event.event_id, event.unsigned?.['m.relations']?.['m.thread']?.count] as const);
  },

  /** The bodies of the replies in a thread, the newest first. */
  async threadReplies(roomId: string, rootId: string) {
    const { chunk } = await device.client.fetchRelations(roomId, rootId, RelationType.Thread, null);
    return chunk.map(event => event.content.body as string);
  },
});
