import { BoardReportSchema } from '../../cluster/boards/board.ts';
import type { Roster } from '../../cluster/boards/roster.ts';
import { REPORT_PATH } from '../../cluster/joining/join-message.ts';
import { endpoint } from '../endpoint.ts';

/** Ours: a board tells how it is, and is told what to run. */
export const reportBoard = (roster: Roster) =>
  endpoint({
    method: 'POST',
    path: REPORT_PATH,
    auth: 'board',
    body: BoardReportSchema,
    bodyLimit: 65_536,
    handle: ({ board, body }) => roster.report(board, body),
  });
