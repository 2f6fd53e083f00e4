import type { RoomsParts } from '../../../rooms/parts.ts';
import { LISTS_WANTED_SUBJECT } from '../../devices/list-servers.ts';
import { returnedEvents } from '../../gaps/returned-event.table.ts';
import { countText } from '../words.ts';

export interface EpochParts {
  readonly rooms: Pick<RoomsParts, 'db' | 'bus'>;
  /** Has everything jump ahead that may have been given out before. */
  readonly beginEpoch: () => Promise<void>;
}

/** Has nothing be given out again that was given out before, and others told of what they may have wrong. */
export async function bumpEpoch({ rooms: { db, bus }, beginEpoch }: EpochParts): Promise<string[]> {
  const { events } = await returnedEvents(db);
  await beginEpoch();
  bus.publish(LISTS_WANTED_SUBJECT);
  return [
    `began a new epoch, after ${countText(events, 'event')} of ours had come back`,
    'positions of syncs and numbers of device lists jump ahead; clients go on with the tokens that they have',
    'one-time keys count as given out: clients upload new ones with their next sync',
    'other servers are told of all devices here, and theirs are asked for anew',
  ];
}
