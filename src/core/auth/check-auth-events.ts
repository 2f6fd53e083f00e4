import type { Event } from '../event.ts';
import { fieldOverByteLimit } from '../event-limits.ts';
import { createIdOfRoom } from '../hashes.ts';
import type { EventId, RoomId } from '../ids.ts';
import { authTypesFor } from './auth-types.ts';
import { checkCreate } from './create.ts';
import { ALLOW, type AuthVerdict, reject } from './verdict.ts';

/**
 * The authorisation rules that need no room state: rule 1 about create events, and the rules about `auth_events`
 * (2 until version 11; 2 and 3 in version 12, whose numbers are used). To be asked once for every event that comes
 * in, before `checkAuth`. Never throws.
 *
 * @param authEvents the events that `event.authIds` names; one that is missing here is an unknown one
 * @param isRejected whether an event was rejected, itself or for its own auth events
 * @param createFor the accepted create event of a room; asked only where the room ID names it
 */
export function checkAuthEvents(
  event: Event,
  authEvents: readonly Event[],
  isRejected: (id: EventId) => boolean,
  createFor: (room: RoomId) => Event | undefined,
): AuthVerdict {
  const long = fieldOverByteLimit(event);
  if (long !== undefined) return reject('size', `${long} is longer than 255 bytes`);
  // 1
  if (event.type === 'm.room.create') return checkCreate(event);
  // 2: the room ID is that of an accepted create event.
  if (event.version.roomIdIsCreateHash && !isFounded(event, isRejected, createFor)) {
    return reject('room_id.create', 'room ID does not name an accepted create event');
  }
  return checkEntries(event, authEvents, isRejected);
}

function isFounded(
  event: Event,
  isRejected: (id: EventId) => boolean,
  createFor: (room: RoomId) => Event | undefined,
): boolean {
  const create = createFor(event.roomId);
  if (create === undefined || create.type !== 'm.room.create') return false;
  return create.id === createIdOfRoom(event.roomId) && !isRejected(create.id);
}

/** 3 (2 until version 11) */
function checkEntries(event: Event, authEvents: readonly Event[], isRejected: (id: EventId) => boolean): AuthVerdict {
  const byId = new Map(authEvents.map(each => [each.id, each]));
  const selection = authTypesFor(event, event.version);
  const seen: Event[] = [];
  for (const id of event.authIds) {
    const entry = byId.get(id);
    if (entry === undefined) return reject('auth_events.unknown', `auth event ${id} is not known`);
    // 3.1
    if (seen.some(other => other.type === entry.type && other.stateKey === entry.stateKey)) {
      return reject('auth_events.duplicate', `two auth events for ${entry.type}`);
    }
    // 3.2
    if (!selection.some(([type, key]) => type === entry.type && key === entry.stateKey)) {
      return reject('auth_events.unexpected', `${entry.type} is no auth event for ${event.type}`);
    }
    // 3.3
    if (isRejected(id)) return reject('auth_events.rejected', `auth event ${id} was rejected`);
    // 3.5
    if (entry.roomId !== event.roomId) return reject('auth_events.room', `auth event ${id} is of another room`);
    seen.push(entry);
  }
  // 2.4 until version 11
  if (!event.version.roomIdIsCreateHash && !seen.some(entry => entry.type === 'm.room.create')) {
    return reject('auth_events.create', 'no create event among the auth events');
  }
  return ALLOW;
}
