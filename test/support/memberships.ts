import type { Admission } from '../../src/base/admission.ts';
import { systemClock } from '../../src/base/clock.ts';
import { nodeCrypto } from '../../src/base/node-crypto.ts';
import { LocalBus } from '../../src/bus/bus.ts';
import type { CheckedEvents } from '../../src/federation/events/checked-events.ts';
import { GapFiller } from '../../src/federation/gaps/gap-filler.ts';
import { PeerEvents } from '../../src/federation/gaps/peer-events.ts';
import { AwaitedEvents } from '../../src/federation/joining/awaited-events.ts';
import { JoinProgress } from '../../src/federation/joining/join-progress.ts';
import { JoiningRooms } from '../../src/federation/joining/joining-rooms.ts';
import { RemoteJoins } from '../../src/federation/joining/remote-join.ts';
import { StateCompletion } from '../../src/federation/joining/state-completion.ts';
import { FederatedMemberships } from '../../src/federation/membership/federated-memberships.ts';
import type { FederationClient } from '../../src/federation/transport/federation-client.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';

/** Lets everything begin. */
const open: Admission = {
  admit: async (_work, bytes) => ({ bytes, add: () => undefined, [Symbol.dispose]: () => undefined }),
};

function rethrow(error: unknown): never {
  throw error;
}

/** Memberships through other servers, which `client` asks. */
export function membershipsOn(
  rooms: () => RoomsParts,
  checked: CheckedEvents,
  client: Pick<FederationClient, 'request' | 'stream'>,
  admission: Admission = open,
): {
  readonly joining: JoiningRooms;
  readonly progress: JoinProgress;
  readonly completion: () => StateCompletion;
  readonly memberships: FederatedMemberships;
  readonly awaited: () => AwaitedEvents;
} {
  const peers = new PeerEvents(client);
  const joining = new JoiningRooms({ bus: new LocalBus(rethrow), clock: systemClock });
  const progress = new JoinProgress(systemClock);
  let made: AwaitedEvents | undefined;
  const awaited = () => {
    made ??= new AwaitedEvents({ rooms: rooms(), checked, peers, joining });
    return made;
  };
  let completing: StateCompletion | undefined;
  const completion = () => {
    completing ??= new StateCompletion({
      rooms: rooms(),
      checked,
      peers,
      client,
      progress,
      admission,
      awaited: awaited(),
    });
    return completing;
  };
  const memberships = new FederatedMemberships(() => {
    const common = { rooms: rooms(), joining, checked, client, peers, progress, crypto: nodeCrypto, admission };
    const gaps = new GapFiller(common);
    const joins = new RemoteJoins({ ...common, gaps, awaited: awaited(), completion: completion() });
    return { ...common, joins };
  });
  return { memberships, awaited, joining, progress, completion };
}
