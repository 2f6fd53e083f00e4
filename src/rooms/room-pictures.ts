import { getString } from '../core/json.ts';
import type { RoomsParts } from './parts.ts';
import { roomsAfter } from './rooms.table.ts';

const AT_ONCE = 200;

/** The pictures of all rooms, now: whatever else is old, these are shown every day. */
export async function* roomPictures(parts: RoomsParts): AsyncIterableIterator<string> {
  for (let after = 0; ; ) {
    const rows = await roomsAfter(parts.db, after, AT_ONCE);
    const rooms = await parts.rooms.byNids(
      parts.db,
      rows.map(row => row.nid),
    );
    for (const { nid, state_root: root } of rows) {
      const room = rooms.get(nid);
      const event = room === undefined ? undefined : await parts.state.event(parts.db, room, root, 'm.room.avatar');
      const uri = event === undefined ? undefined : getString(event.content, 'url');
      if (uri !== undefined) yield uri;
    }
    after = rows.at(-1)?.nid ?? after;
    if (rows.length < AT_ONCE) return;
  }
}
