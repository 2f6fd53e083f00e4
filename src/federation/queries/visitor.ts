import type { RoomId, ServerName } from '../../core/ids.ts';
import type { Queryable } from '../../db/database.ts';
import { isInvitedDomain } from '../../rooms/members.table.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { RoomSummary } from '../../rooms/ports.ts';
import type { Room } from '../../rooms/room.ts';
import { isServerIn } from '../../rooms/room-domains.table.ts';
import { isOpenToAll } from '../../rooms/room-summary.ts';
import { mayTakePart } from '../../rooms/server-acl.ts';

/** Another server that asks about rooms. */
export class Visitor {
  readonly #parts: RoomsParts;
  readonly #db: Queryable;
  readonly #server: ServerName;
  /** Undefined for a server that we have never met: it is in no room of ours. */
  readonly #domainNid: number | undefined;

  private constructor(parts: RoomsParts, db: Queryable, server: ServerName, domainNid: number | undefined) {
    this.#parts = parts;
    this.#db = db;
    this.#server = server;
    this.#domainNid = domainNid;
  }

  static async of(parts: RoomsParts, db: Queryable, server: ServerName): Promise<Visitor> {
    return new Visitor(parts, db, server, await parts.nids.domains.findOne(db, server));
  }

  /** Whether one of its users is in the room or asked into it, or could join, knock or look in. */
  async mayKnow(room: Room, summary: RoomSummary): Promise<boolean> {
    if (!(await mayTakePart(this.#parts, this.#db, room, this.#server))) return false;
    if (isOpenToAll(summary)) return true;
    if (this.#domainNid === undefined) return false;
    if (await isServerIn(this.#db, room.nid, this.#domainNid)) return true;
    if (await isInvitedDomain(this.#db, room.nid, this.#domainNid)) return true;
    for (const roomId of summary.allowed) if (await this.#isIn(roomId, this.#domainNid)) return true;
    return false;
  }

  async #isIn(roomId: RoomId, domainNid: number): Promise<boolean> {
    const room = await this.#parts.rooms.find(this.#db, roomId);
    return room !== undefined && (await isServerIn(this.#db, room.nid, domainNid));
  }
}
