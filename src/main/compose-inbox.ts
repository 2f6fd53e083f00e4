import { GapFiller } from '../federation/gaps/gap-filler.ts';
import { PeerEvents } from '../federation/gaps/peer-events.ts';
import { Inbox } from '../federation/inbound/inbox.ts';
import type { EduReceiver } from '../federation/inbound/ports.ts';
import { RoomDrain } from '../federation/inbound/room-drain.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { Federation } from './compose-federation.ts';

/** What takes in the transactions of other servers. Disposing of it ends its work; what waits is on the disk. */
export interface InboxLoop extends AsyncDisposable {
  readonly inbox: Inbox;
  /** Takes up what an earlier run left. */
  start(): Promise<void>;
}

const nobody: EduReceiver = { receive: async () => undefined };

export function composeInbox(
  { client, checked, joining }: Federation,
  rooms: RoomsParts,
  edus: EduReceiver = nobody,
): InboxLoop {
  const gaps = new GapFiller({ rooms, checked, peers: new PeerEvents(client) });
  const drain = new RoomDrain({ rooms, checked, gaps, joining });
  return {
    inbox: new Inbox({ rooms, edus, drain, joining }),
    start: () => drain.start(),
    [Symbol.asyncDispose]: () => drain[Symbol.asyncDispose](),
  };
}
