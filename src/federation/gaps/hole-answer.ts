import { type Event, EventError, type ReadOptions } from '../../core/event.ts';
import type { EventId, ServerName } from '../../core/ids.ts';
import type { Json } from '../../core/json.ts';
import { placedEvents } from '../../rooms/history.ts';
import type { Room } from '../../rooms/room.ts';
import { isWhole, readPdu } from '../events/checked-events.ts';
import { type Stretch, stretchBelow } from '../history/stretch.ts';
import { RefusedError, UnreachableError } from '../transport/errors.ts';
import type { AskedOutcome } from './asked-servers.ts';
import type { ToldStateParts } from './told-state.ts';

/** Events asked for at once; of what is not among them some are asked for one by one. */
const AT_ONCE = 100;
const MOST_SINGLE = 5;

export interface HoleAnswer extends Stretch {
  /** Those that came without what redaction takes. */
  readonly redacted: readonly Event[];
  /** What came of asking for those that are not among the events. */
  readonly instead: AskedOutcome;
}

/** What one server gives of events that are missing, with what is missing before them. It throws nothing of the server. */
export async function askForHoles(
  parts: ToldStateParts,
  room: Room,
  server: ServerName,
  ids: readonly EventId[],
): Promise<HoleAnswer> {
  const { rooms, peers, checked } = parts;
  let instead = 'none' as AskedOutcome;
  const ofServer = async <T>(answer: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof RefusedError) && !(error instanceof UnreachableError)) throw error;
      // A refusal to tell is no less definite than an event that is not known.
      if (!(error instanceof RefusedError && (error.status === 403 || error.status === 404))) instead = 'failed';
      return otherwise;
    }
  };
  const given = await ofServer(peers.older(server, room.roomId, ids, AT_ONCE), []);
  const events = readAll(parts, room, given, { anyReferences: true });
  const known = new Set(events.map(event => event.id));
  const left = instead === 'failed' ? [] : ids.filter(id => !known.has(id)).slice(0, MOST_SINGLE);
  for (const id of left) events.push(...readAll(parts, room, [await ofServer(peers.event(server, id), undefined)]));
  const placed = await placedEvents(
    rooms,
    rooms.db,
    room,
    events.map(event => event.id),
  );
  const stretch = stretchBelow(ids, await checked.verify(events), { placed, most: AT_ONCE });
  return {
    events: stretch.events.filter(event => isWhole(event, rooms.crypto)),
    redacted: stretch.events.filter(event => !isWhole(event, rooms.crypto)),
    aside: stretch.aside,
    instead,
  };
}

function readAll(
  { rooms }: ToldStateParts,
  room: Room,
  pdus: readonly (Json | undefined)[],
  options?: ReadOptions,
): Event[] {
  return pdus
    .flatMap(pdu => (pdu === undefined ? [] : [readPdu(pdu, room.version, rooms.crypto, options)]))
    .filter((event): event is Event => !(event instanceof EventError) && event.roomId === room.roomId);
}
