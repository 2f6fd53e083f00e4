import type { Config } from '../config/schema.ts';
import type { WellKnown } from '../http/client/server/well-known.ts';

/** What `/.well-known/matrix/...` says, with the defaults that follow from the public address. */
export function wellKnownOf(config: Config): WellKnown {
  const { client, server, support, policy_server_key: policyServerKey } = config.well_known;
  const base = config.public_base_url;
  const host = base === undefined ? undefined : new URL(base);
  return {
    client: client ?? base,
    server: server ?? (host === undefined ? undefined : `${host.hostname}:${host.port === '' ? '443' : host.port}`),
    support: {
      page: support.page,
      email: support.email,
      matrixId: support.matrix_id,
      securityEmail: support.security_email,
    },
    policyServerKey,
    calls: { livekitUrls: config.calls.livekit_service_urls },
  };
}
