import type { Budget } from '../base/budget.ts';
import type { Clock } from '../base/clock.ts';
import { KeyedQueue } from '../base/keyed-queue.ts';
import type { Log } from '../base/log.ts';
import { nodeCrypto } from '../base/node-crypto.ts';
import type { Random } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';
import type { SigningKey } from '../core/crypto.ts';
import type { ServerName } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import { EventStore } from '../rooms/event-store.ts';
import { Nids } from '../rooms/nids.table.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type {
  AliasMaker,
  DepartureListener,
  InvitePolicy,
  NotificationWriter,
  PolicySigner,
  RemoteMemberships,
} from '../rooms/ports.ts';
import { RoomRegistry } from '../rooms/room-registry.ts';
import { RoomState } from '../rooms/room-state.ts';
import { StateTrees } from '../rooms/state-tree/state-trees.ts';

export interface RoomsInput {
  readonly db: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly signingKey: SigningKey;
  /** Secret under which state fingerprints are made. */
  readonly fingerprintKey: Uint8Array;
  readonly budget: Budget;
  readonly notifications: NotificationWriter;
  readonly invites: InvitePolicy;
  readonly memberships: RemoteMemberships | undefined;
  readonly policies?: PolicySigner | undefined;
  readonly departures?: DepartureListener | undefined;
  readonly aliasMaker?: AliasMaker | undefined;
}

/** Builds the rooms part. */
export function composeRooms(input: RoomsInput): RoomsParts {
  const { db, bus, budget, fingerprintKey } = input;
  const nids = new Nids(budget);
  const rooms = new RoomRegistry(budget, bus);
  const events = new EventStore(rooms, budget, bus);
  const trees = new StateTrees({ db, budget, fingerprintKey });
  const state = new RoomState({ nids, trees, events });
  return { ...input, crypto: nodeCrypto, nids, rooms, events, trees, state, queue: new KeyedQueue() };
}
