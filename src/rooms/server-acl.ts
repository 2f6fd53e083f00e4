import type { ServerName } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { compileServerAcl, OPEN_ACL, type ServerAcl } from '../core/server-acl.ts';
import type { Queryable } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import type { Room } from './room.ts';
import { roomHead } from './rooms.table.ts';

/** Read once for as long as the event stays in the cache of events. */
const compiled = new WeakMap<JsonObject, ServerAcl>();

/** The ACL of a room as its state is now (client-server API, "Server Access Control Lists"). */
export async function serverAclOf(parts: RoomsParts, db: Queryable, room: Room): Promise<ServerAcl> {
  const { state_root: root } = await roomHead(db, room.nid);
  const event = await parts.state.event(db, room, root, 'm.room.server_acl');
  if (event === undefined) return OPEN_ACL;
  const known = compiled.get(event.content) ?? compileServerAcl(event.content);
  compiled.set(event.content, known);
  return known;
}

/** Whether a room's ACL lets a server take part in it. */
export async function mayTakePart(parts: RoomsParts, db: Queryable, room: Room, server: ServerName): Promise<boolean> {
  return (await serverAclOf(parts, db, room)).allows(server);
}
