import type { Endpoint } from '../../endpoint.ts';
import type { SynapseRouteParts } from '../synapse-route-parts.ts';
import { changeRegistrationToken } from './change-registration-token.ts';
import { createRegistrationToken } from './create-registration-token.ts';
import { deleteRegistrationToken } from './delete-registration-token.ts';
import { getRegistrationToken } from './get-registration-token.ts';
import { listRegistrationTokens } from './list-registration-tokens.ts';

/** Synapse admin API, "Registration Tokens". */
export function registrationTokenRoutes({ accounts }: Pick<SynapseRouteParts, 'accounts'>): Endpoint[] {
  return [
    listRegistrationTokens(accounts),
    createRegistrationToken(accounts),
    getRegistrationToken(accounts),
    changeRegistrationToken(accounts),
    deleteRegistrationToken(accounts),
  ];
}
