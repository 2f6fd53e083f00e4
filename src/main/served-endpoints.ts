import type { Config } from '../config/schema.ts';
import { type PlacedEndpoint, servedBy } from '../http/served-by.ts';
import { startPage } from '../http/site/start-page.ts';
import { type WelcomeParts, welcomeRoutes } from '../http/site/welcome.ts';
import { accountMaker } from './account-maker.ts';
import { splitAdministration } from './admin-listener.ts';
import type { Parts } from './compose-parts.ts';
import type { Federating } from './compose-servers.ts';
import type { DataFolder } from './data-folder.ts';
import { clientRoutes } from './routes.ts';

export interface ServedInput {
  readonly config: Config;
  readonly folder: Pick<DataFolder, 'secrets'>;
  readonly parts: Parts;
  readonly federating: Federating | undefined;
  readonly version: string;
}

/** What clients, people with a browser and other servers call, and what is left for a listener of administrators. */
export function servedEndpoints({ config, folder, parts, federating, version }: ServedInput): {
  readonly forClients: readonly PlacedEndpoint[];
  readonly forAdmins: readonly PlacedEndpoint[];
} {
  const { db, clock, random, nids, serverName } = parts.rooms;
  const makeAccounts = accountMaker({ db, config, serverName, clock, random, nids });
  const invitationSecret = Buffer.from(folder.secrets.token_secret, 'base64url');
  const routes = clientRoutes(parts, config, { clock, version, history: federating?.history });
  const administration = federating?.forAdmins ?? [];
  const { forClients, forAdmins } = splitAdministration([...routes, ...administration], config.listen.admin);
  const site = siteRoutes(config, { serverName, invitationSecret, makeAccounts, clock });
  return { forClients: [...site, ...forClients, ...(federating?.routes ?? [])], forAdmins };
}

/** The pages that people open in a browser. */
function siteRoutes(config: Config, parts: WelcomeParts): PlacedEndpoint[] {
  const { serverName } = parts;
  const site = { serverName, registration: config.registration.mode, supportPage: config.well_known.support.page };
  return servedBy('client', [startPage({ site }), ...welcomeRoutes(parts)]);
}
