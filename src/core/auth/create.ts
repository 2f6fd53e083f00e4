import type { Event } from '../event.ts';
import { domainOf, domainOfId, isUserId } from '../ids.ts';
import { getOwn, type Json } from '../json.ts';
import { roomVersion } from '../room-versions.ts';
import { ALLOW, type AuthVerdict, reject } from './verdict.ts';

/** Rule 1: the create event. Everything about it can be told without any state. */
export function checkCreate(event: Event): AuthVerdict {
  const { version, content } = event;
  // 1.1: nothing comes before the creation of the room.
  if (event.prevIds.length > 0) return reject('create.prev_events', 'create event has previous events');
  // 1.2: the room ID belongs to the sender's server, or, from version 12 on, follows from the event itself.
  if (version.roomIdIsCreateHash) {
    if (Object.hasOwn(event.pdu, 'room_id')) return reject('create.room_id', 'create event carries a room_id');
  } else if (domainOfId(event.roomId) !== domainOf(event.sender)) {
    return reject('create.room_id', 'room ID and sender of the create event are of different servers');
  }
  // 1.3: a version nobody knows cannot be joined.
  if (Object.hasOwn(content, 'room_version') && !isKnownVersion(content.room_version)) {
    return reject('create.room_version', 'room version is not known');
  }
  // 1.4 until version 10: the creator is named in the content.
  if (!version.creatorIsSender && !Object.hasOwn(content, 'creator')) {
    return reject('create.creator', 'create event names no creator');
  }
  // 1.4 from version 12 on: further creators are user IDs.
  if (version.creatorsHaveInfinitePower && !areUserIds(getOwn(content, 'additional_creators') ?? [], content)) {
    return reject('create.additional_creators', 'additional_creators is not a list of user IDs');
  }
  // 1.5
  return ALLOW;
}

function isKnownVersion(value: Json | undefined): boolean {
  return typeof value === 'string' && roomVersion(value) !== undefined;
}

function areUserIds(value: Json, content: Event['content']): boolean {
  // A present null is no list, which `??` would hide.
  if (getOwn(content, 'additional_creators') === null) return false;
  return Array.isArray(value) && value.every(entry => typeof entry === 'string' && isUserId(entry));
}
