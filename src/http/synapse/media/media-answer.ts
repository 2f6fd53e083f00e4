import type { JsonObject } from '../../../core/json.ts';
import type { ListedMedia } from '../../../media/media-list.ts';

/** A file in a list. */
export function mediaAnswer(media: ListedMedia): JsonObject {
  return {
    media_id: media.media_id,
    media_type: media.content_type,
    media_length: media.size,
    upload_name: media.file_name,
    created_ts: media.created,
    last_access_ts: media.last_access,
    quarantined_by: media.quarantined_by,
    safe_from_quarantine: media.protected === 1,
  };
}
