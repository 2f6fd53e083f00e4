import type { UserId } from '../core/ids.ts';

/** Who makes a request, as its access token says. */
export interface Requester {
  readonly userId: UserId;
  /** The user's number in this database (`nid`). */
  readonly userNid: number;
  /** Absent for an appservice that acts without a device. */
  readonly deviceId: string | undefined;
  readonly isAdmin: boolean;
  readonly isGuest: boolean;
  readonly isSuspended: boolean;
  /** The number of the access token, for idempotency and for logging out this session. */
  readonly tokenNid: number | undefined;
  /** The OAuth 2.0 client that the token was given to; absent for tokens that were got in another way. */
  readonly oauthClient?: string | undefined;
  /** How often the user may send, where an administrator has said so; 0 a second: nothing is limited. */
  readonly rate?: { readonly perSecond: number; readonly burst: number } | undefined;
  /** The appservice that acts, and whether it is exempt from rate limits. */
  readonly appservice: { readonly id: string; readonly rateLimited: boolean } | undefined;
}
