import type { Endpoint } from '../../endpoint.ts';
import { banUser } from './ban-user.ts';
import { createRoom } from './create-room.ts';
import { forgetRoom } from './forget-room.ts';
import { getContext } from './get-context.ts';
import { getEvent } from './get-event.ts';
import { getEventByTimestamp } from './get-event-by-timestamp.ts';
import { getHierarchy } from './get-hierarchy.ts';
import { getJoinedMembers } from './get-joined-members.ts';
import { getJoinedRooms } from './get-joined-rooms.ts';
import { getLocalAliases } from './get-local-aliases.ts';
import { getMembers } from './get-members.ts';
import { getMessages } from './get-messages.ts';
import { getMutualRooms } from './get-mutual-rooms.ts';
import { getRelations } from './get-relations.ts';
import { getRoomSummary } from './get-room-summary.ts';
import { getState } from './get-state.ts';
import { getStateEvent } from './get-state-event.ts';
import { getThreads } from './get-threads.ts';
import { inviteUser } from './invite-user.ts';
import { joinRoom } from './join-room.ts';
import { kickUser } from './kick-user.ts';
import { knockRoom } from './knock-room.ts';
import { leaveRoom } from './leave-room.ts';
import { postReceipt } from './post-receipt.ts';
import { redactEvent } from './redact-event.ts';
import type { RoomRouteParts } from './room-route-parts.ts';
import { sendEvent } from './send-event.ts';
import { setReadMarkers } from './set-read-markers.ts';
import { setState } from './set-state.ts';
import { unbanUser } from './unban-user.ts';
import { upgradeRoom } from './upgrade-room.ts';

/** The endpoints of rooms: making, joining, writing, reading. */
export function roomRoutes(parts: RoomRouteParts): Endpoint[] {
  return [
    createRoom(parts),
    joinRoom(parts),
    knockRoom(parts),
    inviteUser(parts),
    leaveRoom(parts),
    kickUser(parts),
    banUser(parts),
    unbanUser(parts),
    forgetRoom(parts),
    upgradeRoom(parts),
    getJoinedRooms(parts),
    sendEvent(parts),
    setState(parts),
    redactEvent(parts),
    getState(parts),
    getStateEvent(parts),
    getMembers(parts),
    getJoinedMembers(parts),
    getMessages(parts),
    getContext(parts),
    getEvent(parts),
    getEventByTimestamp(parts),
    getRelations(parts),
    getThreads(parts),
    getLocalAliases(parts),
    getHierarchy(parts),
    getMutualRooms(parts),
    getRoomSummary(parts),
    postReceipt(parts),
    setReadMarkers(parts),
  ];
}
