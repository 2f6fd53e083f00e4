import type { RoomId } from '../../../core/ids.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { ExtensionScope } from '../request.ts';
import { type ExtensionContext, isInScope } from './extension-context.ts';

/** MSC3961: who types in the rooms that the client has. */
export function typingExtension(ctx: ExtensionContext, scope: ExtensionScope): JsonObject {
  const { typing, since, ignored } = ctx.window;
  const moved = new Set(since === undefined ? [] : typing.changedSince(since.typing));
  const rooms: Record<RoomId, JsonObject> = {};
  for (const one of moved.size > 0 ? ctx.matched : ctx.stirred) {
    const { nid, row, membership } = one.room;
    if (!moved.has(nid) && !ctx.results.has(nid)) continue;
    if (membership !== 'join' || ctx.draft.get(nid) === undefined || !isInScope(scope, one)) continue;
    const isNew = ctx.results.get(nid)?.json.initial === true;
    if (!isNew && !moved.has(nid)) continue;
    const users = typing.since(nid, isNew ? undefined : since?.typing);
    if (users === undefined) continue;
    rooms[row.room_id] = { type: 'm.typing', content: { user_ids: users.filter(user => !ignored.has(user)) } };
  }
  return Object.keys(rooms).length > 0 ? { rooms } : {};
}
