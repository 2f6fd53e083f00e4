import type { SignOnPorts } from '../accounts/sign-on-ports.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/schema.ts';
import { CALLBACK_PATH } from '../http/site/sign-on/departure.ts';
import type { DataFolder } from './data-folder.ts';
import { openIdProvider } from './openid-provider.ts';

/** Undefined where no provider is set, or no public address that providers could send people back to. */
export function composeSignOn(config: Config, folder: DataFolder, log: Log): SignOnPorts | undefined {
  const { providers, trusted_clients: trustedClients } = config.single_sign_on;
  const base = config.public_base_url;
  if (providers.length === 0) return undefined;
  if (base === undefined) {
    log.error('Nobody can log in by single sign-on: that needs `public_base_url` in the settings.');
    return undefined;
  }
  const redirectUri = `${base.replace(/\/+$/, '')}${CALLBACK_PATH}`;
  return {
    providers: providers.map(provider => openIdProvider(provider, redirectUri, log.child('sign-on'))),
    trustedClients,
    secret: Buffer.from(folder.secrets.token_secret, 'base64url'),
  };
}
