import type { Metrics } from '../base/metrics.ts';
import type { Leases } from '../cluster/leases.ts';
import { DividedWork } from '../cluster/shares.ts';
import { GapFiller } from '../federation/gaps/gap-filler.ts';
import { HoleFiller } from '../federation/gaps/hole-filler.ts';
import { type MissingStatus, missingStatus, showMissing } from '../federation/gaps/missing-status.ts';
import { PeerChoice } from '../federation/gaps/peer-choice.ts';
import { PeerEvents } from '../federation/gaps/peer-events.ts';
import type { ToldStateParts } from '../federation/gaps/told-state.ts';
import { FederatedHistory } from '../federation/history/federated-history.ts';
import { Arrivals } from '../federation/inbound/arrivals.ts';
import { Inbox } from '../federation/inbound/inbox.ts';
import type { EduReceiver } from '../federation/inbound/ports.ts';
import { RoomDrain } from '../federation/inbound/room-drain.ts';
import type { HeadProbeParts } from '../federation/probing/head-probe.ts';
import { sayHello } from '../federation/probing/hello.ts';
import { ProbeLoop } from '../federation/probing/probe-loop.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { RemoteHistory } from '../rooms/ports.ts';
import { SHARD_COUNT } from '../rooms/shards.ts';
import type { Federation } from './compose-federation.ts';

/** What takes in the events of other servers, and looks for those that did not come. Disposing of it ends its work. */
export interface InboxLoop extends AsyncDisposable {
  readonly inbox: Inbox;
  /** Where history from before we came into a room is had. */
  readonly history: RemoteHistory;
  missing(): Promise<MissingStatus>;
  /** For fetching at once what is missing. */
  readonly filling: Filling;
  /** Takes up what an earlier run left, and tells other servers that we are there. */
  start(): Promise<void>;
}

export interface Filling {
  readonly probing: HeadProbeParts;
  readonly holes: HoleFiller;
  readonly told: ToldStateParts;
  readonly arrivals: Arrivals;
  readonly drain: Pick<RoomDrain, 'busy' | 'wake'>;
}

export interface InboxInput {
  readonly federation: Federation;
  readonly rooms: RoomsParts;
  readonly metrics: Metrics | undefined;
  readonly edus: EduReceiver | undefined;
  readonly leases: Leases;
}

const nobody: EduReceiver = { receive: async () => undefined };

export function composeInbox({ federation, rooms, metrics, edus = nobody, leases }: InboxInput): InboxLoop {
  const { client, checked, joining } = federation;
  const told = { rooms, checked, peers: new PeerEvents(client), choice: new PeerChoice(rooms) };
  const gaps = new GapFiller(told);
  const shards = new DividedWork(leases, 'shard', SHARD_COUNT);
  const drain = new RoomDrain({ rooms, checked, gaps, joining, shards });
  const arrivals = new Arrivals(rooms.budget);
  const inbox = new Inbox({ rooms, edus, drain, joining, arrivals });
  const probing = { ...told, inbox };
  const holes = new HoleFiller({ ...told, gaps });
  const stop = new AbortController();
  if (metrics !== undefined) showMissing(metrics, rooms);
  let loops: readonly Promise<void>[] = [];
  return {
    inbox,
    history: new FederatedHistory(told),
    missing: () => missingStatus(rooms),
    filling: { probing, holes, told, arrivals, drain },
    async start() {
      await drain.start();
      const hello = (signal: AbortSignal) =>
        sayHello(probing, signal).catch((error: unknown) =>
          rooms.log.error('Other servers could not be told that we are there again.', { err: error }),
        );
      loops = [
        shards.run(() => void drain.start(), stop.signal),
        leases.hold('holes', signal => holes.run(signal), stop.signal),
        leases.hold('probes', signal => new ProbeLoop(probing).run(signal), stop.signal),
        leases.hold('hello', hello, stop.signal),
      ];
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(loops);
      await drain[Symbol.asyncDispose]();
    },
  };
}
