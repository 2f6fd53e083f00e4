import type { Endpoint } from '../../endpoint.ts';
import type { SynapseRouteParts } from '../synapse-route-parts.ts';
import { deleteMedia } from './delete-media.ts';
import { deleteOldMedia, deleteOldMediaOf } from './delete-old-media.ts';
import { deleteUserMedia } from './delete-user-media.ts';
import { getMedia } from './get-media.ts';
import { listQuarantineChanges } from './list-quarantine-changes.ts';
import { listRoomMedia } from './list-room-media.ts';
import { listUserMedia } from './list-user-media.ts';
import { protectMedia } from './protect-media.ts';
import { purgeMediaCache } from './purge-media-cache.ts';
import { quarantineMedia } from './quarantine-media.ts';
import { quarantineRoomMedia } from './quarantine-room-media.ts';
import { quarantineUserMedia } from './quarantine-user-media.ts';
import { unprotectMedia } from './unprotect-media.ts';
import { unquarantineMedia } from './unquarantine-media.ts';

/** Synapse admin API, "Querying media" and what follows it. */
export function mediaAdminRoutes({
  accounts,
  rooms,
  media,
  administration,
}: Pick<SynapseRouteParts, 'accounts' | 'rooms' | 'media' | 'administration'>): Endpoint[] {
  const { quarantine } = media;
  const ofServer = { administration, serverName: rooms.serverName };
  const ofUsers = { users: accounts.users, quarantine, list: media.list, custody: media.custody };
  return [
    listUserMedia(ofUsers),
    deleteUserMedia(ofUsers),
    quarantineUserMedia(ofUsers),
    listRoomMedia({ rooms }),
    quarantineRoomMedia({ rooms, quarantine }),
    quarantineMedia(media),
    unquarantineMedia(media),
    protectMedia(media),
    unprotectMedia(media),
    listQuarantineChanges(media),
    getMedia(media),
    deleteMedia(media),
    deleteOldMedia(ofServer),
    deleteOldMediaOf(ofServer),
    purgeMediaCache(media),
  ];
}
