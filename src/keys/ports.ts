import type { ConfirmationRequest } from '../accounts/interactive-auth.ts';
import type { Requester } from '../accounts/requester.ts';
import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Queryable, Tx } from '../db/database.ts';

/** What `keys` needs from the parts that own devices, rooms, sync and federation. `main/compose.ts` hands them over. */

/** Device ID to display name; undefined where the device has none. */
export type DeviceNames = ReadonlyMap<string, string | undefined>;

/** The device table of `accounts`. */
export interface LocalDevices {
  /** The devices of local users by the users' numbers. Users without devices may be missing. */
  of(db: Queryable, userNids: readonly number[]): Promise<ReadonlyMap<number, DeviceNames>>;
}

/** Writes a device list change into the room log of each room that the user has joined. */
export interface RoomAnnouncer {
  deviceListChanged(tx: Tx, userNid: number): Promise<void>;
}

/** Uses a proof up, in the transaction that carries out what it was given for. */
export type Proof = (tx: Tx) => Promise<void>;

/** User-interactive authentication (client-server API, "User-Interactive Authentication API"). */
export interface InteractiveAuth {
  /** Resolves when `request.body.auth` proves who asks. @throws the 401 challenge, or M_FORBIDDEN */
  require(request: ConfirmationRequest): Promise<Proof>;
}

/** Whose device lists changed between two sync tokens, as `user` may know it. Fulfilled by `sync`. */
export interface DeviceListChanges {
  /** @throws MatrixError M_INVALID_PARAM for a token that is none */
  between(user: Requester, from: string, to: string): Promise<{ changed: UserId[]; left: UserId[] }>;
}

export interface RemoteOptions {
  /** How long the caller wants to wait, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** By server name: why it could not be asked. */
export type Failures = { [server: string]: JsonObject };
/** By user ID. */
export type ByUser<T> = { [userId: string]: T };

export interface RemoteKeyAnswer {
  /** By user and device: device keys with `unsigned.device_display_name` where known. */
  readonly deviceKeys: ByUser<{ [deviceId: string]: JsonObject }>;
  readonly masterKeys: ByUser<JsonObject>;
  readonly selfSigningKeys: ByUser<JsonObject>;
  readonly failures: Failures;
}

export interface RemoteClaimAnswer {
  readonly oneTimeKeys: ByUser<{ [deviceId: string]: JsonObject }>;
  readonly failures: Failures;
}

/** Keys of users of other servers: cached device lists, or asked for. Never rejects because a server is gone. */
export interface RemoteKeys {
  /** An empty list of devices means all of them. */
  query(wanted: ReadonlyMap<UserId, readonly string[]>, options: RemoteOptions): Promise<RemoteKeyAnswer>;
  /** By user and device the wanted algorithm. */
  claim(wanted: ReadonlyMap<UserId, ReadonlyMap<string, string>>, options: RemoteOptions): Promise<RemoteClaimAnswer>;
}

/** Changes of a user's device list by their numbers: those of `from` to `to`, after `previous` (0: the first ones). */
export interface ListStretch {
  readonly from: number;
  readonly to: number;
  readonly previous: number;
}

/** Has `m.device_list_update` and `m.signing_key_update` EDUs sent to all servers that share a room with the user. */
export interface RemoteDeviceLists {
  changed(tx: Tx, userNid: number, stretch: ListStretch): Promise<void>;
}

export interface OutgoingToDevice {
  readonly sender: UserId;
  readonly type: string;
  /** Unique for the sending server; receivers drop what they have seen. */
  readonly messageId: string;
  /** By user and device ID (or `*`) the content. */
  readonly messages: ReadonlyMap<UserId, ReadonlyMap<string, JsonObject>>;
}

/** Queues `m.direct_to_device` EDUs, durably with the transaction. */
export interface RemoteToDevice {
  enqueue(tx: Tx, message: OutgoingToDevice): Promise<void>;
}
