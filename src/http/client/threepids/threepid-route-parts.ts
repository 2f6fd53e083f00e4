import type { Accounts } from '../../../accounts/accounts.ts';
import { Type } from '../../../base/schema.ts';

export type ThreepidRouteParts = Pick<Accounts, 'validations' | 'threepids' | 'interactive'>;

/** The session of a proof. */
export const PROOF = { sid: Type.String(), client_secret: Type.String() };

/** What an identity server is asked about. */
export const AddressBody = Type.Object({
  medium: Type.String(),
  address: Type.String(),
  id_server: Type.Optional(Type.String()),
});

/** This server speaks to no identity server, so nothing is published on one that would have to be taken back. */
export const NOT_BOUND = { id_server_unbind_result: 'no-support' };
