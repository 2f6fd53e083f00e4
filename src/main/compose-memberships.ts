import type { Admission } from '../base/admission.ts';
import { nodeCrypto } from '../base/node-crypto.ts';
import { GapFiller } from '../federation/gaps/gap-filler.ts';
import { PeerEvents } from '../federation/gaps/peer-events.ts';
import { AwaitedEvents } from '../federation/joining/awaited-events.ts';
import { JoinProgress } from '../federation/joining/join-progress.ts';
import { type JoinsStatus, joinsStatus } from '../federation/joining/join-status.ts';
import { RemoteJoins } from '../federation/joining/remote-join.ts';
import { StateCompletion } from '../federation/joining/state-completion.ts';
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
  status(): Promise<JoinsStatus>;
}

export function composeMemberships({ federation, admission, rooms }: MembershipsInput): MembershipsLoop {
  const { client, checked, joining } = federation;
  const peers = new PeerEvents(client);
  const progress = once(() => new JoinProgress(rooms().clock));
  const common = () => ({ client, checked, joining, admission, peers, rooms: rooms(), progress: progress() });
  const awaitedEvents = once(() => new AwaitedEvents(common()));
  const completion = once(() => new StateCompletion({ ...common(), awaited: awaitedEvents() }));
  const memberships = new FederatedMemberships(() => {
    const gaps = new GapFiller(common());
    const joins = new RemoteJoins({ ...common(), awaited: awaitedEvents(), completion: completion(), gaps });
    return { ...common(), crypto: nodeCrypto, joins };
  });
  return {
    memberships,
    async start() {
      await awaitedEvents().start();
      completion().wake();
    },
    status: () => joinsStatus(rooms(), progress()),
    async [Symbol.asyncDispose]() {
      await memberships[Symbol.asyncDispose]();
      await completion()[Symbol.asyncDispose]();
      await awaitedEvents()[Symbol.asyncDispose]();
    },
  };
}

/** Made at the first use, since rooms are there only then. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
