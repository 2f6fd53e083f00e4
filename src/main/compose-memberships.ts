import type { Admission } from '../base/admission.ts';
import { aborted } from '../base/clock.ts';
import { nodeCrypto } from '../base/node-crypto.ts';
import type { Leases } from '../cluster/leases.ts';
import type { PeerLedger } from '../federation/doctor/peer-ledger.ts';
import { GapFiller } from '../federation/gaps/gap-filler.ts';
import { PeerEvents } from '../federation/gaps/peer-events.ts';
import { AwaitedEvents } from '../federation/joining/awaited-events.ts';
import { JoinProgress } from '../federation/joining/join-progress.ts';
import { type JoinsStatus, joinsStatus } from '../federation/joining/join-status.ts';
import { RemoteJoins } from '../federation/joining/remote-join.ts';
import { StateCompletion } from '../federation/joining/state-completion.ts';
import { FederatedMemberships } from '../federation/membership/federated-memberships.ts';
import type { NoteVersion } from '../federation/membership/ports.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { RemoteMemberships } from '../rooms/ports.ts';
import type { Federation } from './compose-federation.ts';

export interface MembershipsInput {
  readonly federation: Federation;
  readonly admission: Admission;
  readonly leases: Leases;
  readonly ledger: Pick<PeerLedger, 'noteVersion'>;
  /** Rooms know memberships, and memberships rooms: one of the two has to come later. */
  readonly rooms: () => RoomsParts;
}

/** Memberships through other servers. Disposing of it ends joins that go on; what they left is taken up at the next start. */
export interface MembershipsLoop extends AsyncDisposable {
  readonly memberships: RemoteMemberships;
  /** Takes up what an earlier run left. */
  start(): void;
  status(): Promise<JoinsStatus>;
}

/** The lease, and the bus subject on which whoever holds it is told of work. */
const JOINS = 'joins';

export function composeMemberships({
  federation,
  admission,
  leases,
  ledger,
  rooms,
}: MembershipsInput): MembershipsLoop {
  const { client, checked, joining } = federation;
  const peers = new PeerEvents(client);
  const progress = once(() => new JoinProgress(rooms().clock));
  const turn = { isOurs: () => leases.holds(JOINS), passOn: () => rooms().bus.publish(JOINS) };
  const common = () => ({ client, checked, joining, admission, peers, turn, rooms: rooms(), progress: progress() });
  const stop = new AbortController();
  let loop: Promise<void> | undefined;
  const awaitedEvents = once(() => new AwaitedEvents(common()));
  const completion = once(() => new StateCompletion({ ...common(), awaited: awaitedEvents() }));
  const memberships = new FederatedMemberships(() => {
    const gaps = new GapFiller(common());
    const joins = new RemoteJoins({ ...common(), awaited: awaitedEvents(), completion: completion(), gaps });
    const noteVersion: NoteVersion = (server, trouble) => ledger.noteVersion(server, trouble);
    return { ...common(), crypto: nodeCrypto, joins, noteVersion };
  });
  return {
    memberships,
    start() {
      loop = leases.hold(JOINS, finish, stop.signal);
    },
    status: () => joinsStatus(rooms(), progress()),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await loop;
      await memberships[Symbol.asyncDispose]();
      await completion()[Symbol.asyncDispose]();
      await awaitedEvents()[Symbol.asyncDispose]();
    },
  };

  /** Does what joins have left to be done, those of other processes too. */
  async function finish(signal: AbortSignal): Promise<void> {
    using _ = rooms().bus.subscribe(JOINS, () => {
      awaitedEvents().heard();
      completion().heard();
    });
    await awaitedEvents().start();
    completion().wake();
    await aborted(signal);
  }
}

/** Made at the first use, since rooms are there only then. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
