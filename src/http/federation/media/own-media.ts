import type { Random } from '../../../base/random.ts';
import type { ServerName } from '../../../core/ids.ts';
import type { AvailableMedia } from '../../../media/downloads.ts';
import type { Media } from '../../../media/media.ts';
import { mediaRequest } from '../../client/media/media-request.ts';
import type { Query } from '../../query.ts';

export interface FederationMediaParts {
  readonly media: Media;
  readonly serverName: ServerName;
  readonly random: Random;
}

interface Request {
  readonly params: { readonly mediaId: string };
  readonly query: Query;
  readonly signal: AbortSignal;
}

/** A file of this server that another one asks for. @throws MatrixError as `Downloads.find` */
export function ownMedia({ media, serverName }: FederationMediaParts, request: Request): Promise<AvailableMedia> {
  const { params, query, signal } = request;
  return media.downloads.find(mediaRequest({ params: { serverName, ...params }, query, signal }, true));
}
