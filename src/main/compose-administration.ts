import type { Accounts } from '../accounts/accounts.ts';
import { inviteDecision } from '../accounts/invite-permission.ts';
import { Administration } from '../administration/administration.ts';
import type { Config } from '../config/schema.ts';
import { type ServerName, type UserId, userIdOf } from '../core/ids.ts';
import type { Media } from '../media/media.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { InvitePolicy } from '../rooms/ports.ts';
import { profileFor } from './profile-for.ts';

/** The user that the server speaks through. */
export function serverUser(config: Config, serverName: ServerName): UserId {
  return userIdOf(config.server_notices.user, serverName);
}

export function composeAdministration(
  config: Config,
  { rooms, accounts, media }: { readonly rooms: RoomsParts; readonly accounts: Accounts; readonly media: Media },
): Administration {
  const { name: senderName, room_name: roomName, room_topic: roomTopic } = config.server_notices;
  return new Administration({
    rooms,
    accounts,
    media,
    profileFor: profileFor(accounts, rooms),
    notices: { sender: serverUser(config, rooms.serverName), senderName, roomName, roomTopic },
    defaultRoomVersion: config.default_room_version,
  });
}

/** What users have set about invites; from the server itself they get them all the same. */
export function invitePolicy(config: Config, serverName: ServerName): InvitePolicy {
  const own = serverUser(config, serverName);
  return {
    decide: async (db, userNid, sender) => (sender === own ? 'allow' : inviteDecision(db, userNid, sender)),
  };
}
