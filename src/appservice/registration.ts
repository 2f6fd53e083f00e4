import type { RoomAlias, RoomId, UserId } from '../core/ids.ts';
import type { NamespaceSet } from './namespaces.ts';

/** What an application service is registered with (application service API, "Registration"). */
export interface Registration {
  readonly id: string;
  /** Where it is reached; undefined for one that wants to be told nothing. */
  readonly url: string | undefined;
  /** The token of its requests to us. */
  readonly asToken: string;
  /** The token of our requests to it. */
  readonly hsToken: string;
  readonly sender: UserId;
  readonly rateLimited: boolean;
  /** Networks that it bridges, for lookups of third parties. */
  readonly protocols: readonly string[];
  readonly users: NamespaceSet<UserId>;
  readonly aliases: NamespaceSet<RoomAlias>;
  readonly rooms: NamespaceSet<RoomId>;
  /** Whether it is told of receipts, typing and presence. */
  readonly receivesEphemeral: boolean;
  /** Whether it is sent messages to the devices of its users, and what else encryption needs (MSC2409, MSC3202). */
  readonly receivesEncryption: boolean;
}

/** Whether the user is one of its own: its sender, or in its namespaces. */
export function ownsUser({ sender, users }: Registration, userId: UserId): boolean {
  return userId === sender || users.has(userId);
}
