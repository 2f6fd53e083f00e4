import type { DelayedEvents } from '../../../rooms/delayed-events.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { Endpoint } from '../../endpoint.ts';
import { cancelDelayedEvent } from './cancel-delayed-event.ts';
import { getDelayedEvent } from './get-delayed-event.ts';
import { getDelayedEvents } from './get-delayed-events.ts';
import { restartDelayedEvent } from './restart-delayed-event.ts';
import { sendDelayedEvent } from './send-delayed-event.ts';
import { updateDelayedEvent } from './update-delayed-event.ts';

/** Delayed events (MSC4140). They are made by sending with a delay: see the endpoints of rooms. */
export function delayedEventRoutes(parts: { readonly rooms: RoomsParts; readonly delayed: DelayedEvents }): Endpoint[] {
  return [
    getDelayedEvents(parts),
    getDelayedEvent(parts),
    updateDelayedEvent(parts),
    cancelDelayedEvent(parts),
    restartDelayedEvent(parts),
    sendDelayedEvent(parts),
  ];
}
