import type { ThirdParties } from '../../../appservice/third-parties.ts';
import { endpoint } from '../../endpoint.ts';

/** What the endpoints of third-party networks work with. */
export interface ThirdPartyParts {
  readonly thirdParties: ThirdParties;
}

/** Client-server API, "Third-party Networks": those of the application services that are registered. */
export const thirdPartyProtocols = ({ thirdParties }: ThirdPartyParts) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/v3/thirdparty/protocols',
    auth: 'user',
    handle: () => thirdParties.protocols(),
  });
