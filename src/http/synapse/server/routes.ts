import type { Accounts } from '../../../accounts/accounts.ts';
import type { Administration } from '../../../administration/administration.ts';
import type { Endpoint } from '../../endpoint.ts';
import { getBackgroundUpdates } from './get-background-updates.ts';
import { getServerVersion } from './get-server-version.ts';
import { listTasks } from './list-tasks.ts';
import { sendNotice, sendNoticeOnce } from './send-notice.ts';

export interface ServerRouteParts {
  readonly accounts: Accounts;
  readonly administration: Administration;
  readonly version: string;
}

/** Synapse admin API, what is about the server as a whole. */
export function serverAdminRoutes({ accounts, administration, version }: ServerRouteParts): Endpoint[] {
  const parts = { users: accounts.users, administration };
  return [
    getServerVersion({ version }),
    getBackgroundUpdates(),
    listTasks(parts),
    sendNotice(parts),
    sendNoticeOnce(parts),
  ];
}
