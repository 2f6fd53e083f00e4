import { ClaimRequests } from '../federation/devices/claim-requests.ts';
import { FederatedKeys } from '../federation/devices/federated-keys.ts';
import { ListFollower } from '../federation/devices/list-follower.ts';
import { ListRequests } from '../federation/devices/list-requests.ts';
import { ListResync } from '../federation/devices/list-resync.ts';
import { ListServers } from '../federation/devices/list-servers.ts';
import { RemoteLists } from '../federation/devices/remote-lists.ts';
import { tidyLists } from '../federation/devices/tidy-lists.ts';
import { Edus, type EdusParts } from '../federation/edus/edus.ts';
import type { EduReceiver } from '../federation/inbound/ports.ts';
import type { PaceSettings } from '../federation/keys/fetch-pace.ts';
import type { RemoteKeys } from '../keys/ports.ts';
import { deviceListsChanged } from '../rooms/announce.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { Federation } from './compose-federation.ts';

/** What is known of the devices of other servers' users. */
export interface RemoteDevices {
  readonly keys: RemoteKeys;
  /** Takes what other servers say of devices, and of whatever else is no event. */
  edus(parts: Pick<EdusParts, 'toDevice' | 'typing' | 'presence'>): EduReceiver;
  /** Asks for what is wanted of them until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Clears away the lists of those who share no room with us any more. */
  tidy(): Promise<void>;
}

export interface RemoteDevicesInput {
  readonly rooms: RoomsParts;
  readonly pace: PaceSettings;
  readonly signal: AbortSignal;
}

export function composeRemoteDevices(
  { client }: Pick<Federation, 'client'>,
  { rooms, pace, signal }: RemoteDevicesInput,
): RemoteDevices {
  const requests = new ListRequests(client);
  const servers = new ListServers({ ...rooms, pace });
  const announce = deviceListsChanged.bind(undefined, rooms);
  const lists = new RemoteLists({ ...rooms, requests, servers, announce, signal });
  const follower = new ListFollower({ ...rooms, lists, servers });
  const resync = new ListResync({ ...rooms, lists, servers });
  return {
    keys: new FederatedKeys({ clock: rooms.clock, lists, servers, requests, claims: new ClaimRequests(client) }),
    edus: parts => new Edus({ ...parts, rooms, follower, servers, signal }),
    run: turn => resync.run(turn),
    tidy: () => tidyLists(rooms),
  };
}
