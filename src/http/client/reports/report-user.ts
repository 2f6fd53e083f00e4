import { endpoint } from '../../endpoint.ts';
import { ReportBody, type ReportParts } from './report-parts.ts';

/** reportUser: reports a user, whether they share a room or not. */
export const reportUser = ({ accounts: { reports } }: Pick<ReportParts, 'accounts'>) =>
  endpoint({
    method: 'POST',
    path: '/_matrix/client/v3/users/:userId/report',
    alsoAt: ['/_matrix/client/unstable/org.matrix.msc4260/users/:userId/report'],
    auth: 'user',
    limit: 'report',
    body: ReportBody,
    async handle({ user, params, body }) {
      await reports.user(user.userNid, params.userId, body);
      return {};
    },
  });
