import type { Clock } from '../../../base/clock.ts';
import type { Endpoint } from '../../endpoint.ts';
import { authMetadata, type OAuthFacts } from './auth-metadata.ts';
import { type CapabilitySettings, capabilities } from './capabilities.ts';
import { rtcTransports } from './rtc-transports.ts';
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
  /** Undefined where there is no OAuth 2.0 API. */
  readonly oauth: OAuthFacts | undefined;
}

export function serverRoutes(parts: ServerRouteParts): Endpoint[] {
  return [
    versions(parts),
    capabilities(parts.capabilities),
    authMetadata(parts),
    turnServer(parts),
    rtcTransports(parts.wellKnown),
    thirdPartyProtocols(parts),
    thirdPartyProtocol(parts),
    thirdPartyLocation(parts),
    thirdPartyLocationOfProtocol(parts),
    thirdPartyUser(parts),
    thirdPartyUserOfProtocol(parts),
    ...wellKnownRoutes(parts.wellKnown),
  ];
}
