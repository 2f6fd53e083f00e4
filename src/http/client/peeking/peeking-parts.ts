import type { JsonObject } from '../../../core/json.ts';
import type { EventStream } from '../../../sync/event-stream.ts';
import type { RoomRouteParts } from '../rooms/room-route-parts.ts';

/** What the endpoints work with by which clients look into rooms without syncing them. */
export interface PeekingParts extends Pick<RoomRouteParts, 'rooms' | 'ignoredUsers'> {
  readonly eventStream: EventStream;
  /** What a user has attached to a room, as events: `{type, content}`. */
  readonly roomAccountData: (userNid: number, roomId: string) => Promise<readonly JsonObject[]>;
}
