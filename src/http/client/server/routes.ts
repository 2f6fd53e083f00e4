import type { Endpoint } from '../../endpoint.ts';
import { type CapabilitySettings, capabilities } from './capabilities.ts';
import { thirdPartyProtocols } from './third-party-protocols.ts';
import { turnServer } from './turn-server.ts';
import { versions } from './versions.ts';
import { type WellKnown, wellKnownRoutes } from './well-known.ts';

export function serverRoutes(parts: {
  readonly capabilities: CapabilitySettings;
  readonly wellKnown: WellKnown;
}): Endpoint[] {
  return [
    versions(),
    capabilities(parts.capabilities),
    turnServer(),
    thirdPartyProtocols(),
    ...wellKnownRoutes(parts.wellKnown),
  ];
}
