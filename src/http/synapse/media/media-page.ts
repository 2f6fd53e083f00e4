import { MEDIA_ORDERS, type MediaPage } from '../../../media/media-list.ts';
import type { Query } from '../../query.ts';
import { pagingOf } from '../paging.ts';

/** Which of a user's files: the newest first where nothing else is asked for. */
export function mediaPageOf(query: Query): MediaPage {
  const isAsked = query.get('order_by') !== undefined || query.get('dir') !== undefined;
  return {
    order: query.choice('order_by', MEDIA_ORDERS, 'created_ts'),
    backward: query.choice('dir', ['f', 'b'], isAsked ? 'f' : 'b') === 'b',
    ...pagingOf(query),
  };
}
