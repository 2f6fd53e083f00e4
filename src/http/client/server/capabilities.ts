import { knownRoomVersions } from '../../../core/room-versions.ts';
import { endpoint } from '../../endpoint.ts';

export interface CapabilitySettings {
  readonly defaultRoomVersion: string;
  /** Whether users can add mail addresses. */
  readonly takesAddresses: boolean;
}

/** mautrix-go, and with it bots that moderate, knows it by its name of before it was in the specification (MSC4323) only. */
const MODERATION = { suspend: true, lock: true };

/**
 * Client-server API, "Capabilities negotiation". What needs interactive authentication is not for clients that logged in by
 * OAuth 2.0.
 */
export const capabilities = ({ defaultRoomVersion, takesAddresses }: CapabilitySettings) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/capabilities',
    auth: 'user',
    limit: 'other',
    handle: async ({ user, user: { oauthClient } }) => ({
      capabilities: {
        'm.room_versions': {
          default: defaultRoomVersion,
          available: Object.fromEntries(
            knownRoomVersions.map(({ id, stable }) => [id, stable ? 'stable' : 'unstable']),
          ),
        },
        'm.change_password': { enabled: oauthClient === undefined },
        'm.set_displayname': { enabled: true },
        'm.set_avatar_url': { enabled: true },
        'm.profile_fields': { enabled: true },
        'm.3pid_changes': { enabled: takesAddresses && oauthClient === undefined },
        'm.get_login_token': { enabled: oauthClient === undefined },
        ...(user.isAdmin && { 'm.account_moderation': MODERATION, 'uk.timedout.msc4323': MODERATION }),
      },
    }),
  });
