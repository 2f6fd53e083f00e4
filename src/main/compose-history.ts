import { PeerChoice } from '../federation/gaps/peer-choice.ts';
import { PeerEvents } from '../federation/gaps/peer-events.ts';
import { FederatedHistory } from '../federation/history/federated-history.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { RemoteHistory } from '../rooms/ports.ts';
import type { Federation } from './compose-federation.ts';

/** Where history from before we came into a room is had. */
export function composeHistory({ client, checked }: Federation, rooms: RoomsParts): RemoteHistory {
  return new FederatedHistory({ rooms, checked, peers: new PeerEvents(client), choice: new PeerChoice(rooms) });
}
