import type { Endpoint } from '../../endpoint.ts';
import type { SynapseRouteParts } from '../synapse-route-parts.ts';
import { deleteForwardExtremities } from './delete-forward-extremities.ts';
import { deleteRoom } from './delete-room.ts';
import { deleteRoomAndWait } from './delete-room-and-wait.ts';
import { fetchEvent } from './fetch-event.ts';
import { getDeletion } from './get-deletion.ts';
import { getForwardExtremities } from './get-forward-extremities.ts';
import { getHistoryPurge } from './get-history-purge.ts';
import { getRoom } from './get-room.ts';
import { getRoomBlock } from './get-room-block.ts';
import { getRoomContext } from './get-room-context.ts';
import { getRoomEventByTime } from './get-room-event-by-time.ts';
import { getRoomHierarchy } from './get-room-hierarchy.ts';
import { getRoomMessages } from './get-room-messages.ts';
import { getRoomState } from './get-room-state.ts';
import { joinUserToRoom } from './join-user-to-room.ts';
import { listDeletions } from './list-deletions.ts';
import { listRoomMembers } from './list-room-members.ts';
import { listRooms } from './list-rooms.ts';
import { makeRoomAdmin } from './make-room-admin.ts';
import { purgeHistory, purgeHistoryUpTo } from './purge-history.ts';
import { setRoomBlock } from './set-room-block.ts';

/** Synapse admin API, "Room Admin API". */
export function roomAdminRoutes(
  parts: Pick<SynapseRouteParts, 'accounts' | 'rooms' | 'administration' | 'profileFor' | 'remote'>,
): Endpoint[] {
  const { accounts } = parts;
  return [
    listRooms(parts),
    getRoom({ ...parts, devices: accounts.devices }),
    listRoomMembers(parts),
    getRoomState(parts),
    getRoomMessages(parts),
    getRoomContext(parts),
    getRoomEventByTime(parts),
    getRoomHierarchy(parts),
    getRoomBlock(parts),
    setRoomBlock(parts),
    makeRoomAdmin(parts),
    joinUserToRoom({ ...parts, users: accounts.users }),
    getForwardExtremities(parts),
    deleteForwardExtremities(parts),
    fetchEvent(parts),
    deleteRoom(parts),
    deleteRoomAndWait(parts),
    getDeletion(parts),
    listDeletions(parts),
    purgeHistory(parts),
    purgeHistoryUpTo(parts),
    getHistoryPurge(parts),
  ];
}
