import type { JsonObject } from '../../../core/json.ts';
import { clientEvents } from '../../../rooms/client-event.ts';
import { isListed } from '../../../rooms/directory.ts';
import { compileFilter } from '../../../rooms/event-filter.ts';
import type { ClientView } from '../../../rooms/event-format.ts';
import { messages } from '../../../rooms/messages.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { type ReadableRoom, readableRoom } from '../../../rooms/room-access.ts';
import { unseen } from '../../../rooms/sender-members.ts';
import { endpoint } from '../../endpoint.ts';
import { streamMembers } from '../../json-stream.ts';
import { viewOf } from '../rooms/view-of.ts';
import type { PeekingParts } from './peeking-parts.ts';

const DEFAULT_LIMIT = 10;
const MOST = 100;

/** roomInitialSync: the state of a room and its latest messages, also for those who only look in. */
export const roomInitialSync = (parts: PeekingParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/rooms/:roomId/initialSync',
    auth: 'user',
    limit: 'other',
    async handle({ user, params, query }) {
      const { rooms } = parts;
      const view = await viewOf(parts, user);
      const found = await readableRoom(rooms, params.roomId, view);
      const limit = query.integer('limit', { fallback: DEFAULT_LIMIT, max: MOST });
      const { membership } = found.readable;
      const head = {
        room_id: params.roomId,
        ...(membership === undefined ? {} : { membership }),
        visibility: (await isListed(rooms.db, found.room)) ? 'public' : 'private',
        messages: await latest(rooms, found, view, limit),
        account_data: [...(await parts.roomAccountData(user.userNid, params.roomId))],
      };
      return streamMembers(head, [['state', state(rooms, found, view)]]);
    },
  });

/** In their order: tokens for what was before, and for what comes after. */
async function latest(rooms: RoomsParts, found: ReadableRoom, view: ClientView, limit: number): Promise<JsonObject> {
  const query = { direction: 'b', from: undefined, to: undefined, limit, filter: compileFilter() } as const;
  const { chunk, start: after, end: before } = await messages(rooms, rooms.db, found, view, query);
  return {
    chunk: (chunk as JsonObject[]).toReversed(),
    ...(before === undefined ? {} : { start: before }),
    end: after ?? null,
  };
}

async function* state(
  rooms: RoomsParts,
  { room, readable }: ReadableRoom,
  view: ClientView,
): AsyncIterableIterator<JsonObject> {
  const format = { withoutBundle: true, withoutPrevious: true };
  for await (const batch of rooms.state.batches(rooms.db, room, readable.root))
    yield* await clientEvents(rooms, rooms.db, room, view, unseen(batch), format);
}
