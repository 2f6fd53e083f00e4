import { REASON } from '../../../accounts/applications.ts';
import type { ExternalIdentities } from '../../../accounts/external-identities.ts';
import type { Threepids } from '../../../accounts/threepids.ts';
import type { ListedUser, UserList } from '../../../accounts/user-list.ts';
import type { JsonObject } from '../../../core/json.ts';
import { notFound } from '../../../core/matrix-error.ts';

/**
 * What lists and details have in common. Nobody is shadow-banned here (decision 0050). Of our own: the reason that somebody
 * who asked for the account has given.
 */
function common(user: ListedUser): JsonObject {
  return {
    name: user.userId,
    user_type: user.userType ?? null,
    displayname: user.displayName ?? null,
    avatar_url: user.avatarUrl ?? null,
    is_guest: user.isGuest,
    admin: user.isAdmin,
    deactivated: user.isDeactivated,
    erased: user.isErased,
    locked: user.isLocked,
    suspended: user.isSuspended,
    approved: user.isApproved,
    shadow_banned: false,
    last_seen_ts: user.lastSeenTs ?? null,
    ...(user.reason !== undefined && { [REASON]: user.reason }),
  };
}

/** An account in a list: `creation_ts` in milliseconds. */
export function listedAnswer(user: ListedUser): JsonObject {
  return { ...common(user), creation_ts: user.createdTs };
}

export interface UserAnswerParts {
  readonly userList: UserList;
  readonly threepids: Threepids;
  readonly identities: ExternalIdentities;
}

/** One account: `creation_ts` in seconds, as clients of this API expect it. @throws MatrixError M_NOT_FOUND */
export async function userAnswer(
  { userList: list, threepids, identities }: UserAnswerParts,
  userNid: number,
): Promise<JsonObject> {
  const user = await list.one(userNid);
  if (user === undefined) throw notFound('There is no such user on this server.');
  const consent = await list.lastConsent(userNid);
  return {
    ...common(user),
    creation_ts: Math.floor(user.createdTs / 1000),
    appservice_id: user.appserviceId ?? null,
    consent_server_notice_sent: null,
    consent_version: consent?.version ?? null,
    consent_ts: consent?.ts ?? null,
    threepids: (await threepids.of(userNid)).map(row => ({
      medium: row.medium,
      address: row.address,
      added_at: row.added_ts,
      validated_at: row.validated_ts,
    })),
    external_ids: (await identities.of(userNid)).map(row => ({
      auth_provider: row.provider,
      external_id: row.subject,
    })),
  };
}
