import type { Config } from '../../src/config/schema.ts';

type FederationSettings = Config['federation'];

/** The group `tls` with authorities to trust, and no certificate that is got. */
export function trustIn(authorities: readonly string[]): Config['tls'] {
  const acme = { enabled: false, directory: 'https://acme.test', names: [], host: '127.0.0.1', port: 0 };
  return { extra_ca: [...authorities], acme };
}

/** The group `federation` as it is by default, but that nobody is asked for keys and nothing is watched. */
export function federationWith(more: Partial<FederationSettings>): FederationSettings {
  return {
    enabled: true,
    verify_tls: true,
    trusted_key_servers: [],
    share_profiles: true,
    share_directory: true,
    vantage: false,
    watch: { enabled: false, tell_administrators: false },
    allow: [],
    deny: [],
    retry: { initial: 1000, factor: 2, longest: 1000 },
    ...more,
  };
}
