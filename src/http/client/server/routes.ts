import type { Clock } from '../../../base/clock.ts';
import type { Endpoint } from '../../endpoint.ts';
import { authMetadata } from './auth-metadata.ts';
import { type CapabilitySettings, capabilities } from './capabilities.ts';
import { thirdPartyLocation } from './third-party-location.ts';
import { thirdPartyLocationOfProtocol } from './third-party-location-of-protocol.ts';
import { thirdPartyProtocol } from './third-party-protocol.ts';
import { type ThirdPartyParts, thirdPartyProtocols } from './third-party-protocols.ts';
import { thirdPartyUser } from './third-party-user.ts';
import { thirdPartyUserOfProtocol } from './third-party-user-of-protocol.ts';
import type { TurnSettings } from './turn-credentials.ts';
import { turnServer } from './turn-server.ts';
import { versions } from './versions.ts';
import { type WellKnown, wellKnownRoutes } from './well-known.ts';

export interface ServerRouteParts extends ThirdPartyParts {
  readonly capabilities: CapabilitySettings;
  readonly wellKnown: WellKnown;
  readonly turn: TurnSettings;
  readonly clock: Clock;
}

export function serverRoutes(parts: ServerRouteParts): Endpoint[] {
  return [
    versions(),
    capabilities(parts.capabilities),
    authMetadata(),
    turnServer(parts),
    thirdPartyProtocols(parts),
    thirdPartyProtocol(parts),
    thirdPartyLocation(parts),
    thirdPartyLocationOfProtocol(parts),
    thirdPartyUser(parts),
    thirdPartyUserOfProtocol(parts),
    ...wellKnownRoutes(parts.wellKnown),
  ];
}
