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
import type { InvitePolicy, NotificationWriter } from '../rooms/ports.ts';
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
  /** Memory budget of the process in bytes. */
  readonly memory: number;
  readonly notifications: NotificationWriter;
  readonly invites: InvitePolicy;
}

/** Builds the rooms part. Its caches take a quarter of the memory budget. */
export function composeRooms(input: RoomsInput): RoomsParts {
  const nids = new Nids();
  const rooms = new RoomRegistry();
  const events = new EventStore(rooms, input.memory / 8);
  const trees = new StateTrees({ db: input.db, cacheBytes: input.memory / 16, fingerprintKey: input.fingerprintKey });
  const state = new RoomState({ nids, trees, events });
  return { ...input, crypto: nodeCrypto, nids, rooms, events, trees, state, queue: new KeyedQueue() };
}
