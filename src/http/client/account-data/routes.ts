import type { Accounts } from '../../../accounts/accounts.ts';
import type { PushRules } from '../../../push/push-rules.ts';
import type { Endpoint } from '../../endpoint.ts';
import { defineFilter } from './define-filter.ts';
import { deleteTag } from './delete-tag.ts';
import { getAccountData } from './get-account-data.ts';
import { getFilter } from './get-filter.ts';
import { getRoomAccountData } from './get-room-account-data.ts';
import { getTags } from './get-tags.ts';
import { setAccountData } from './set-account-data.ts';
import { setRoomAccountData } from './set-room-account-data.ts';
import { setTag } from './set-tag.ts';

/** What clients keep on the server for their user: account data, tags, filters. */
export function accountDataRoutes({
  accounts,
  pushRules,
}: {
  readonly accounts: Accounts;
  readonly pushRules: PushRules;
}): Endpoint[] {
  return [
    getAccountData({ accountData: accounts.accountData, pushRules }),
    setAccountData(accounts),
    getRoomAccountData(accounts),
    setRoomAccountData(accounts),
    getTags(accounts),
    setTag(accounts),
    deleteTag(accounts),
    defineFilter(accounts),
    getFilter(accounts),
  ];
}
