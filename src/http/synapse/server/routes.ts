import type { Endpoint } from '../../endpoint.ts';
import type { SynapseRouteParts } from '../synapse-route-parts.ts';
import { getBackgroundUpdates } from './get-background-updates.ts';
import { getServerVersion } from './get-server-version.ts';
import { listAudit } from './list-audit.ts';
import { listTasks } from './list-tasks.ts';
import { sendNotice, sendNoticeOnce } from './send-notice.ts';

/** Synapse admin API, what is about the server as a whole. */
export function serverAdminRoutes({
  accounts,
  administration,
  version,
}: Pick<SynapseRouteParts, 'accounts' | 'administration' | 'version'>): Endpoint[] {
  const parts = { users: accounts.users, administration };
  return [
    getServerVersion({ version }),
    getBackgroundUpdates(),
    listTasks(parts),
    listAudit(administration),
    sendNotice(parts),
    sendNoticeOnce(parts),
  ];
}
