import type { KeyedQueue } from '../base/keyed-queue.ts';
import type { Surroundings } from '../base/surroundings.ts';
import type { Bus } from '../bus/bus.ts';
import type { Identity } from '../core/identity.ts';
import type { Database } from '../db/database.ts';
import type {
  AliasMaker,
  DepartureListener,
  InvitePolicy,
  NotificationWriter,
  PolicySigner,
  RemoteMemberships,
} from './ports.ts';
import type { RoomStore } from './store.ts';

/** What the functions of this part work with. */
export interface RoomsParts extends Surroundings, Identity, RoomStore {
  readonly db: Database;
  readonly bus: Bus;
  readonly notifications: NotificationWriter;
  /** Absent: everybody may invite everybody. */
  readonly invites?: InvitePolicy;
  /** Absent: rooms and users of this server only. */
  readonly memberships?: RemoteMemberships | undefined;
  /** Absent without application services. */
  readonly aliasMaker?: AliasMaker | undefined;
  /** Absent without federation. */
  readonly policies?: PolicySigner | undefined;
  /** The same. */
  readonly departures?: DepartureListener | undefined;
  /** One lane per room. */
  readonly queue: KeyedQueue;
}
