import { knownRoomVersions } from '../../../core/room-versions.ts';
import { endpoint } from '../../endpoint.ts';

export interface CapabilitySettings {
  readonly defaultRoomVersion: string;
  /** Whether users can add mail addresses. */
  readonly takesAddresses: boolean;
}

/** Client-server API, "Capabilities negotiation". */
export const capabilities = ({ defaultRoomVersion, takesAddresses }: CapabilitySettings) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/capabilities',
    auth: 'user',
    limit: 'other',
    handle: async ({ user }) => ({
      capabilities: {
        'm.room_versions': {
          default: defaultRoomVersion,
          available: Object.fromEntries(
            knownRoomVersions.map(({ id, stable }) => [id, stable ? 'stable' : 'unstable']),
          ),
        },
        'm.change_password': { enabled: true },
        'm.set_displayname': { enabled: true },
        'm.set_avatar_url': { enabled: true },
        'm.profile_fields': { enabled: true },
        'm.3pid_changes': { enabled: takesAddresses },
        'm.get_login_token': { enabled: true },
        ...(user.isAdmin && { 'm.account_moderation': { suspend: true, lock: true } }),
      },
    }),
  });
