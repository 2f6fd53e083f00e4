import type { RoomId } from '../../../core/ids.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { TypedContent } from '../../sources.ts';
import { type LogWindow, userLogMoved } from '../../window.ts';
import { TOLD_ACCOUNT_DATA } from '../connection-state.ts';
import type { ExtensionScope } from '../request.ts';
import { type ExtensionContext, scopeOf } from './extension-context.ts';

/** MSC3959: account data of the user, and of the rooms that the client has; `ctx` undefined: it asks for none. */
export async function accountDataExtension(
  window: LogWindow,
  ctx: ExtensionContext | undefined,
  scope: ExtensionScope,
): Promise<JsonObject> {
  const global = await globalData(window);
  const items = ctx === undefined ? [] : await roomData(ctx, scope);
  const rooms: Record<RoomId, JsonObject[]> = {};
  for (const item of items) rooms[item.roomId] = [...(rooms[item.roomId] ?? []), written(item)];
  return { ...(global.length > 0 && { global }), ...(items.length > 0 && { rooms }) };
}

async function globalData(window: LogWindow): Promise<JsonObject[]> {
  if (!userLogMoved(window)) return [];
  const { sources, parts, view, since } = window;
  const rules = await sources.pushRules(parts.db, { nid: view.userNid, id: view.userId }, since?.user);
  const others = await sources.globalAccountData(parts.db, view.userNid, since?.user);
  return [...(rules === undefined ? [] : [{ type: 'm.push_rules', content: rules }]), ...others.map(written)];
}

async function roomData(ctx: ExtensionContext, scope: ExtensionScope): Promise<RoomData[]> {
  const { sources, parts, view, since } = ctx.window;
  const { db } = parts;
  const told = scopeOf(ctx, scope, TOLD_ACCOUNT_DATA);
  const freshIds = told.fresh.map(({ room }) => room.row.room_id);
  const items = freshIds.length === 0 ? [] : [...(await sources.accountDataOf(db, view.userNid, freshIds))];
  if (since === undefined || !userLogMoved(ctx.window)) return items;
  for (const item of await sources.roomAccountData(db, view.userNid, since.user)) {
    const place = await parts.rooms.find(db, item.roomId);
    if (place !== undefined && told.has(place.nid)) items.push(item);
  }
  return items;
}

type RoomData = TypedContent & { readonly roomId: RoomId };

function written({ type, content }: TypedContent): JsonObject {
  return { type, content };
}
