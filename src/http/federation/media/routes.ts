import type { Endpoint } from '../../endpoint.ts';
import { downloadMedia } from './download-media.ts';
import type { FederationMediaParts } from './own-media.ts';
import { thumbnailMedia } from './thumbnail-media.ts';

/** The content repository of the server-server API. */
export function federationMediaRoutes(parts: FederationMediaParts): Endpoint[] {
  return [downloadMedia(parts), thumbnailMedia(parts)];
}
