import type { Config } from '../config/schema.ts';
import type { Running } from './compose.ts';
import { VERSION } from './version.ts';

/** What the first start says, in ten lines: what was set up, how to become administrator, what is left to do. */
export async function firstStartText(running: Running, config: Config): Promise<string> {
  const link = await running.firstAdministratorLink();
  const url = running.listeners[0]?.url ?? '';
  const database = config.database.url === 'sqlite' ? 'SQLite, in the data folder' : 'PostgreSQL';
  const trial = running.serverName === 'localhost' ? ' (for trying out: a name cannot be changed later)' : '';
  return [
    `Copse ${VERSION} is ready.`,
    `  server name   ${running.serverName}${trial}`,
    `  listens on    ${url}`,
    `  data folder   ${config.data_dir} (signing key and secrets: back it up)`,
    `  database      ${database}`,
    `  registration  ${config.registration.mode}`,
    'Make the first administrator:  ./copse user add NAME --admin',
    link === undefined ? '  (there is one already)' : `  or open, within a day:  ${link}`,
    reach(running.serverName, config, url),
    'Stop with Ctrl-C. Settings: docs/config.md',
  ].join('\n');
}

function reach(serverName: string, config: Config, url: string): string {
  if (serverName === 'localhost') {
    return 'For others to reach a server it needs a real name: start with --name and another --data folder.';
  }
  const host = config.public_base_url ?? `https://${serverName}`;
  return `For others to reach it: a reverse proxy with TLS that passes ${host} on to ${url} (docs/reverse-proxy.md)`;
}
