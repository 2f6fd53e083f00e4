import type { DepartureListener } from '../../rooms/ports.ts';
import { doubtLists, doubtListsInRoom } from './remote-device-list.table.ts';

/**
 * A server tells those of device list changes who share a room with the user. Whoever leaves one may share none any
 * more, and changes that come then are not told to us: should they come back, the list is asked for anew.
 */
export const doubtAfterDeparture: DepartureListener = {
  left: doubtLists,
  roomLeft: doubtListsInRoom,
};
