import type { Admission } from '../base/admission.ts';
import { nodeCrypto } from '../base/node-crypto.ts';
import { GapFiller } from '../federation/gaps/gap-filler.ts';
import { PeerEvents } from '../federation/gaps/peer-events.ts';
import { AwaitedEvents } from '../federation/joining/awaited-events.ts';
import { RemoteJoins } from '../federation/joining/remote-join.ts';
import { FederatedMemberships } from '../federation/membership/federated-memberships.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { RemoteMemberships } from '../rooms/ports.ts';
import type { Federation } from './compose-federation.ts';

export interface MembershipsInput {
  readonly federation: Federation;
  readonly admission: Admission;
  /** Rooms know memberships, and memberships rooms: one of the two has to come later. */
  readonly rooms: () => RoomsParts;
}

/** Memberships through other servers. Disposing of it ends joins that go on; what they left is taken up at the next start. */
export interface MembershipsLoop extends AsyncDisposable {
  readonly memberships: RemoteMemberships;
  /** Takes up what an earlier run left. */
  start(): Promise<void>;
}

export function composeMemberships({ federation, admission, rooms }: MembershipsInput): MembershipsLoop {
  const { client, checked, joining } = federation;
  let awaited: AwaitedEvents | undefined;
  const awaitedEvents = () => {
    awaited ??= new AwaitedEvents({ rooms: rooms(), checked, joining, peers: new PeerEvents(client) });
    return awaited;
  };
  const memberships = new FederatedMemberships(() => {
    const common = { client, checked, joining, crypto: nodeCrypto, rooms: rooms(), peers: new PeerEvents(client) };
    const joins = new RemoteJoins({ ...common, admission, awaited: awaitedEvents(), gaps: new GapFiller(common) });
    return { ...common, joins };
  });
  return {
    memberships,
    start: () => awaitedEvents().start(),
    async [Symbol.asyncDispose]() {
      await memberships[Symbol.asyncDispose]();
      await awaited?.[Symbol.asyncDispose]();
    },
  };
}
