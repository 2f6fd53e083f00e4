import type { Accounts } from '../../../accounts/accounts.ts';
import type { Endpoint } from '../../endpoint.ts';
import { deleteProfileField } from './delete-profile-field.ts';
import { getProfile } from './get-profile.ts';
import { getProfileField } from './get-profile-field.ts';
import { searchUsers } from './search-users.ts';
import { setProfileField } from './set-profile-field.ts';

export function profileRoutes({ accounts }: { readonly accounts: Accounts }): Endpoint[] {
  return [
    getProfile(accounts),
    getProfileField(accounts),
    setProfileField(accounts),
    deleteProfileField(accounts),
    searchUsers(accounts),
  ];
}
