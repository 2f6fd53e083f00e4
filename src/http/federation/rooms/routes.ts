import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Endpoint } from '../../endpoint.ts';
import { backfill } from './backfill.ts';
import { getEvent } from './get-event.ts';
import { getEventAuth } from './get-event-auth.ts';
import { getEventByTimestamp } from './get-event-by-timestamp.ts';
import { getMissingEvents } from './get-missing-events.ts';
import { getState } from './get-state.ts';
import { getStateIds } from './get-state-ids.ts';
import { LargeAnswers } from './large-answers.ts';

/** Events of rooms for the servers that are in them. */
export function roomEventsRoutes({ rooms }: { readonly rooms: RoomsParts }): Endpoint[] {
  const parts = { rooms, large: new LargeAnswers(rooms) };
  const endpoints = [getEvent, getState, getStateIds, getEventAuth, backfill, getMissingEvents, getEventByTimestamp];
  return endpoints.map(make => make(parts));
}
