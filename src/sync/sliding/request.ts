import type { RoomId } from '../../core/ids.ts';
import type { ClientView } from '../../rooms/event-format.ts';
import type { PresenceState } from '../presence/user-presence.ts';
import type { RoomConfig } from './connection-state.ts';
import type { ListFilter } from './list-filter.ts';

/** Both ends are in it. */
export type ListRange = readonly [from: number, to: number];

/** A list of rooms that a client wants, or the part of it that it shows. */
export interface WantedList {
  /** Undefined: all of it. */
  readonly ranges: readonly ListRange[] | undefined;
  readonly filter: ListFilter;
  readonly config: RoomConfig;
}

/** Of which rooms an extension tells: those of some lists, and some of the others. `*` is all. */
export interface ExtensionScope {
  readonly lists: readonly string[];
  readonly rooms: readonly string[];
}

/** The extensions that a client wants (MSC3885, MSC3884, MSC3959, MSC3960, MSC3961); undefined: it does not. */
export interface WantedExtensions {
  readonly toDevice: { readonly since: number | undefined; readonly limit: number } | undefined;
  readonly e2ee: boolean;
  readonly accountData: ExtensionScope | undefined;
  readonly receipts: ExtensionScope | undefined;
  readonly typing: ExtensionScope | undefined;
}

/** One request of sliding sync (MSC4186). */
export interface SlidingRequest {
  readonly view: ClientView;
  readonly connId: string;
  /** Undefined at the beginning of a connection. */
  readonly pos: string | undefined;
  readonly lists: ReadonlyMap<string, WantedList>;
  readonly subscriptions: ReadonlyMap<RoomId, RoomConfig>;
  readonly extensions: WantedExtensions;
  /** All that decides which rooms are told of and how, as a short hash. */
  readonly rules: string;
  /** How long to wait for something to happen, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly setPresence: PresenceState;
}
