import type { JsonObject } from '../core/json.ts';
import type { Membership } from './room.ts';

/** What a user's profile says about them in a room. */
export interface MemberProfile {
  readonly displayName?: string | undefined;
  readonly avatarUrl?: string | undefined;
}

/** The content of a membership event. Absent fields are left out rather than null; `more` wins over the profile. */
export function memberContent(membership: Membership, profile: MemberProfile = {}, more: JsonObject = {}): JsonObject {
  return {
    ...(profile.displayName === undefined ? {} : { displayname: profile.displayName }),
    ...(profile.avatarUrl === undefined ? {} : { avatar_url: profile.avatarUrl }),
    ...more,
    membership,
  };
}
