import { getObject, getString, type JsonObject } from '../core/json.ts';
import type { Queryable } from '../db/database.ts';
import type { Room } from './room.ts';
import { mediaTextsBelow } from './room-media.table.ts';

const AT_ONCE = 1000;
const MOST_URIS = 50_000;

/**
 * The `mxc://` URIs that events of a room carry as their file or thumbnail, newest first, each once. What is encrypted
 * says nothing of its files.
 */
export async function mediaInRoom(db: Queryable, room: Room): Promise<string[]> {
  const found = new Set<string>();
  for (let below = Number.MAX_SAFE_INTEGER; found.size < MOST_URIS; ) {
    const rows = await mediaTextsBelow(db, room.nid, below, AT_ONCE);
    for (const { json } of rows) {
      const content = json === null ? undefined : getObject(JSON.parse(json) as JsonObject, 'content');
      if (content !== undefined) for (const uri of urisIn(content)) found.add(uri);
    }
    below = rows.at(-1)?.pos ?? below;
    if (rows.length < AT_ONCE) break;
  }
  return [...found];
}

function urisIn(content: JsonObject): string[] {
  const info = getObject(content, 'info');
  const urls = [
    getString(content, 'url'),
    getString(getObject(content, 'file') ?? {}, 'url'),
    getString(info ?? {}, 'thumbnail_url'),
    getString(getObject(info ?? {}, 'thumbnail_file') ?? {}, 'url'),
  ];
  return urls.filter(url => url?.startsWith('mxc://') === true) as string[];
}
