import type { Endpoint } from '../../endpoint.ts';
import type { SynapseRouteParts } from '../synapse-route-parts.ts';
import { countInvites } from './count-invites.ts';
import { countJoins } from './count-joins.ts';
import { deactivateUser } from './deactivate-user.ts';
import { deleteRateOverride } from './delete-rate-override.ts';
import { findUserByExternalId } from './find-user-by-external-id.ts';
import { findUserByThreepid } from './find-user-by-threepid.ts';
import { getAdmin } from './get-admin.ts';
import { getExperimentalFeatures } from './get-experimental-features.ts';
import { getRateOverride } from './get-rate-override.ts';
import { getRedaction } from './get-redaction.ts';
import { getUser } from './get-user.ts';
import { getUserAccountData } from './get-user-account-data.ts';
import { listUserMemberships } from './list-user-memberships.ts';
import { listUserPushers } from './list-user-pushers.ts';
import { listUserRooms } from './list-user-rooms.ts';
import { listUsersV2, listUsersV3 } from './list-users.ts';
import { logInAs } from './log-in-as.ts';
import { putUser } from './put-user.ts';
import { redactUser } from './redact-user.ts';
import { refuseUser } from './refuse-user.ts';
import { resetPassword } from './reset-password.ts';
import { setAdmin } from './set-admin.ts';
import { setExperimentalFeatures } from './set-experimental-features.ts';
import { setRateOverride } from './set-rate-override.ts';
import { suspendUser } from './suspend-user.ts';
import { usernameAvailable } from './username-available.ts';

/** Synapse admin API, "User Admin API", but for devices and media. */
export function userRoutes({
  accounts,
  rooms,
  pushers,
  administration,
}: Pick<SynapseRouteParts, 'accounts' | 'rooms' | 'pushers' | 'administration'>): Endpoint[] {
  const { users } = accounts;
  return [
    listUsersV2(accounts),
    listUsersV3(accounts),
    getUser(accounts),
    putUser(accounts),
    findUserByThreepid(accounts),
    findUserByExternalId(accounts),
    deactivateUser(accounts),
    refuseUser(accounts),
    suspendUser(accounts),
    resetPassword(accounts),
    getAdmin(accounts),
    setAdmin(accounts),
    logInAs(accounts),
    usernameAvailable(accounts),
    getRateOverride(accounts),
    setRateOverride(accounts),
    deleteRateOverride(accounts),
    getExperimentalFeatures(accounts),
    setExperimentalFeatures(accounts),
    getUserAccountData(accounts),
    listUserPushers({ users, pushers }),
    listUserMemberships({ rooms }),
    listUserRooms({ rooms }),
    countInvites({ users, rooms }),
    countJoins({ users, rooms }),
    redactUser({ administration }),
    getRedaction({ administration }),
  ];
}
