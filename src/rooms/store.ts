import type { EventStore } from './event-store.ts';
import type { Nids } from './nids.table.ts';
import type { RoomRegistry } from './room-registry.ts';
import type { RoomState } from './room-state.ts';
import type { StateTrees } from './state-tree/state-trees.ts';

/** The readers over the tables of rooms, with their caches. */
export interface RoomStore {
  readonly nids: Nids;
  readonly rooms: RoomRegistry;
  readonly events: EventStore;
  readonly trees: StateTrees;
  readonly state: RoomState;
}
