import type { OAuthPorts } from '../accounts/oauth/oauth-ports.ts';
import type { Config } from '../config/schema.ts';
import type { DataFolder } from './data-folder.ts';

/** Undefined where it is switched off, or nobody has said under which address browsers find the pages of this server. */
export function composeOAuth(config: Config, folder: DataFolder): OAuthPorts | undefined {
  const base = config.public_base_url;
  if (!config.oauth.enabled || base === undefined) return undefined;
  return { base: base.replace(/\/+$/, ''), secret: Buffer.from(folder.secrets.token_secret, 'base64url') };
}
