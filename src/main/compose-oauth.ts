import type { OAuthPorts } from '../accounts/oauth/oauth-ports.ts';
import type { Config } from '../config/schema.ts';
import { RESET } from '../http/site/account/manage/reset-identity.ts';
import { taskLink } from '../http/site/account/manage/task.ts';
import type { DataFolder } from './data-folder.ts';

/** Undefined where it is switched off, or nobody has said under which address browsers find the pages of this server. */
export function composeOAuth(config: Config, folder: DataFolder): OAuthPorts | undefined {
  if (!config.oauth.enabled || config.public_base_url === undefined) return undefined;
  const base = config.public_base_url.replace(/\/+$/, '');
  return {
    base,
    resetPage: `${base}${taskLink(RESET)}`,
    secret: Buffer.from(folder.secrets.token_secret, 'base64url'),
  };
}
