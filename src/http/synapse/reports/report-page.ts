import type { ListedReport, ReportKind, Reports } from '../../../accounts/reports.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { Query } from '../../query.ts';
import { nextOf, pagingOf } from '../paging.ts';

interface PageWords {
  readonly kind: ReportKind;
  /** The key of the list in the answer. */
  readonly list: string;
  /** The query parameter for the reported user, or the sender of the reported event. */
  readonly target: string;
  readonly answer: (report: ListedReport) => JsonObject;
}

/** A page of reports, newest first unless asked otherwise. */
export async function reportPage(reports: Reports, query: Query, words: PageWords): Promise<JsonObject> {
  const paging = pagingOf(query);
  const { reports: found, total } = await reports.page(words.kind, {
    filter: {
      reporter: query.get('user_id') || undefined,
      roomId: query.get('room_id') || undefined,
      userId: query.get(words.target) || undefined,
    },
    backward: query.choice('dir', ['f', 'b'], 'b') === 'b',
    ...paging,
  });
  const next = nextOf(paging, found.length, total);
  return { [words.list]: found.map(words.answer), total, ...(next !== undefined && { next_token: next }) };
}
