import type { Accounts } from '../../../accounts/accounts.ts';
import type { Endpoint } from '../../endpoint.ts';
import { changeRegistrationToken } from './change-registration-token.ts';
import { createRegistrationToken } from './create-registration-token.ts';
import { deleteRegistrationToken } from './delete-registration-token.ts';
import { getRegistrationToken } from './get-registration-token.ts';
import { listRegistrationTokens } from './list-registration-tokens.ts';

/** Synapse admin API, "Registration Tokens". */
export function registrationTokenRoutes({ accounts }: { readonly accounts: Accounts }): Endpoint[] {
  return [
    listRegistrationTokens(accounts),
    createRegistrationToken(accounts),
    getRegistrationToken(accounts),
    changeRegistrationToken(accounts),
    deleteRegistrationToken(accounts),
  ];
}
