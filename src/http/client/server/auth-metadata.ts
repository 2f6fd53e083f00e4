import { GRANT_TYPES } from '../../../accounts/oauth/client-metadata.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import { endpoint } from '../../endpoint.ts';
import { ACCOUNT_ACTIONS, OLD_ACCOUNT_ACTIONS } from '../../oauth/account-actions.ts';
import {
  ACCOUNT_PATH,
  AUTHORIZE_PATH,
  DEVICE_PATH,
  REGISTER_PATH,
  REVOKE_PATH,
  TOKEN_PATH,
} from '../../oauth/oauth-paths.ts';

export interface OAuthFacts {
  /** The public address of this server, without a slash at the end. */
  readonly base: string;
  readonly issuer: string;
  /** Whether people can make an account on the way. */
  readonly canSignUp: boolean;
}

/**
 * getAuthMetadata (RFC 8414 has a place of its own for it). M_UNRECOGNIZED is how a server says that it has the legacy
 * authentication API alone.
 */
export const authMetadata = ({ oauth }: { readonly oauth: OAuthFacts | undefined }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v1/auth_metadata',
    alsoAt: ['/_matrix/client/unstable/org.matrix.msc2965/auth_metadata', '/.well-known/oauth-authorization-server'],
    auth: 'none',
    async handle() {
      if (oauth === undefined)
        throw new MatrixError('M_UNRECOGNIZED', 'This server has no OAuth 2.0 API. Log in by /login.');
      return metadataOf(oauth);
    },
  });

function metadataOf({ base, issuer, canSignUp }: OAuthFacts) {
  return {
    issuer,
    authorization_endpoint: `${base}${AUTHORIZE_PATH}`,
    token_endpoint: `${base}${TOKEN_PATH}`,
    device_authorization_endpoint: `${base}${DEVICE_PATH}`,
    registration_endpoint: `${base}${REGISTER_PATH}`,
    revocation_endpoint: `${base}${REVOKE_PATH}`,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment'],
    grant_types_supported: GRANT_TYPES,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    scopes_supported: ['urn:matrix:client:api:*'],
    authorization_response_iss_parameter_supported: true,
    account_management_uri: `${base}${ACCOUNT_PATH}`,
    account_management_actions_supported: [...ACCOUNT_ACTIONS, ...Object.keys(OLD_ACCOUNT_ACTIONS)],
    ...(canSignUp && { prompt_values_supported: ['create'] }),
  };
}
