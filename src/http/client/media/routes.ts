import type { Clock } from '../../../base/clock.ts';
import type { Media } from '../../../media/media.ts';
import type { Endpoint } from '../../endpoint.ts';
import { createMedia } from './create-media.ts';
import { downloadMedia } from './download-media.ts';
import { downloadMediaAs } from './download-media-as.ts';
import { legacyDownloadMedia } from './legacy-download-media.ts';
import { legacyDownloadMediaAs } from './legacy-download-media-as.ts';
import { legacyThumbnailMedia } from './legacy-thumbnail-media.ts';
import { mediaConfig } from './media-config.ts';
import { previewUrl } from './preview-url.ts';
import { thumbnailMedia } from './thumbnail-media.ts';
import { uploadMedia } from './upload-media.ts';
import { uploadMediaTo } from './upload-media-to.ts';

/** The content repository of the client-server API. */
export function mediaRoutes(parts: { readonly media: Media; readonly clock: Clock }): Endpoint[] {
  const { previews } = parts.media;
  return [
    uploadMedia(parts),
    createMedia(parts),
    uploadMediaTo(parts),
    downloadMedia(parts),
    downloadMediaAs(parts),
    thumbnailMedia(parts),
    mediaConfig(parts),
    legacyDownloadMedia(parts),
    legacyDownloadMediaAs(parts),
    legacyThumbnailMedia(parts),
    ...(previews === undefined ? [] : [previewUrl({ previews })]),
  ];
}
