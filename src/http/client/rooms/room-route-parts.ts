import type { RoomAlias, UserId } from '../../../core/ids.ts';
import type { DelayedEvents } from '../../../rooms/delayed-events.ts';
import type { MemberProfile } from '../../../rooms/member-content.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { ReadListener, RemoteDirectory, RemoteHistory, RemoteRooms } from '../../../rooms/ports.ts';
import type { InviteExchange } from '../../../rooms/proven-invite.ts';

/** What the endpoints of rooms and of the room directory work with. */
export interface RoomRouteParts {
  readonly rooms: RoomsParts;
  /** What membership events say of a user; empty when nothing is known of them. It never throws. */
  readonly profileFor: (userId: UserId) => Promise<MemberProfile>;
  /** Whom a user ignores (`m.ignored_user_list`). */
  readonly ignoredUsers: (userNid: number) => Promise<ReadonlySet<string>>;
  /** Events that are sent later. */
  readonly delayed: DelayedEvents;
  /** Told of what users have read. */
  readonly reading: ReadListener;
  /** The version of rooms whose creator asks for none. */
  readonly defaultRoomVersion: string;
  /** The appservice that keeps an alias for itself, if any. */
  readonly aliasOwner: (alias: RoomAlias) => string | undefined;
  /** Whether a user is one of an appservice. */
  readonly appserviceOwns: (appservice: string, userId: UserId) => boolean;
  /** Whether an alias is in the namespaces of an appservice. */
  readonly ownsAlias: (appserviceId: string, alias: RoomAlias) => boolean;
  /** Absent without federation: aliases and directories of other servers are then not found. */
  readonly remote?: RemoteDirectory | undefined;
  /** Absent without federation: only rooms that we are in are then found in spaces. */
  readonly remoteRooms?: RemoteRooms | undefined;
  /** Absent without federation: proofs that somebody elsewhere invited an address lead nowhere. */
  readonly exchangeInvite?: InviteExchange | undefined;
  /** Absent without federation: rooms begin with what we have of them. */
  readonly history?: RemoteHistory | undefined;
}
