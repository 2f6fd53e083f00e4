import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Queryable, Tx } from '../db/database.ts';
import type { OAuthPorts } from './oauth/oauth-ports.ts';
import type { SignOnPorts } from './sign-on-ports.ts';

/** What this part needs from parts above it; `main/compose.ts` hands it over. */
export interface AccountPorts {
  readonly devices: DeviceListener;
  readonly rooms: RoomFollower;
  /** Absent until federation is there: profiles of other servers are then not found. */
  readonly remoteProfiles?: RemoteProfiles;
  /** Absent when there are no appservices. */
  readonly appservices?: Appservices;
  /** Absent where no mail is set up. */
  readonly mail?: MailSender;
  /** Absent where there is no single sign-on. */
  readonly signOn?: SignOnPorts;
  /** Absent where there is no OAuth 2.0 API. */
  readonly oauth?: OAuthPorts;
}

/** Fulfilled by `keys/`. Both run in the transaction that changes the devices. */
export interface DeviceListener {
  /** Devices were deleted: their keys and to-device messages go, and the change of the device list is announced. */
  deviceRemoved(tx: Tx, userNid: number, deviceIds: readonly string[]): Promise<void>;
  /** Devices were made or renamed: the change of the device list is announced. */
  deviceChanged(tx: Tx, userNid: number, deviceIds: readonly string[]): Promise<void>;
  /** Whether the name cannot be used for a device because it is a cross-signing key of the user. */
  isReservedDeviceId(db: Queryable, userNid: number, deviceId: string): Promise<boolean>;
  /** The account is closed for good; its devices have been removed in the same transaction. */
  accountClosed(tx: Tx, userNid: number): Promise<void>;
}

/**
 * Fulfilled by `rooms/`. Both are called again until they resolve, also after a restart, perhaps by several processes
 * at once: they must take being called twice.
 */
export interface RoomFollower {
  /** Leaves every room, and rejects every invite and knock. `erase`: the user asked to be forgotten. */
  leaveAllRooms(userId: UserId, userNid: number, erase: boolean): Promise<void>;
  /** Brings the member events of the rooms the user is in to this name and picture. */
  profileChanged(userId: UserId, userNid: number, profile: MemberProfile): Promise<void>;
}

/** What member events show of a profile. */
export interface MemberProfile {
  readonly displayname: string | undefined;
  readonly avatar_url: string | undefined;
}

/** Fulfilled by `federation/`. */
export interface RemoteProfiles {
  /** The profile, or one field of it, of a user of another server. @throws MatrixError M_NOT_FOUND and others */
  profile(userId: UserId, field?: string): Promise<JsonObject>;
}

/** Fulfilled by `main/`. */
export interface MailSender {
  /** What the paths of links in mails begin with, without a slash at the end. */
  readonly baseUrl: string;
  /** Resolves when a mail server has taken the mail. @throws MatrixError M_UNKNOWN (502) */
  send(mail: Mail): Promise<void>;
}

/** A mail in plain text. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Fulfilled by `appservice/`. */
export interface Appservices {
  /** The appservice with this token. */
  find(token: string): Appservice | undefined;
  /** The appservice that keeps this user ID for itself. */
  exclusiveOwner(userId: UserId): string | undefined;
}

export interface Appservice {
  readonly id: string;
  readonly sender: UserId;
  readonly rateLimited: boolean;
  /** Whether the user is in one of its namespaces, or its sender. */
  ownsUser(userId: UserId): boolean;
}

export const noDeviceListener: DeviceListener = {
  deviceRemoved: async () => undefined,
  deviceChanged: async () => undefined,
  isReservedDeviceId: async () => false,
  accountClosed: async () => undefined,
};

export const noRoomFollower: RoomFollower = {
  leaveAllRooms: async () => undefined,
  profileChanged: async () => undefined,
};
