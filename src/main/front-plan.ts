import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textIfReadable } from '../base/if-readable.ts';
import { systemRandom } from '../base/random.ts';
import type { Config } from '../config/schema.ts';
import { certificatesOf, type Front, type FrontSettings, type PublicName } from '../front/front.ts';
import { FrontError } from '../front/front-error.ts';
import { type FrontProcess, parseProcesses, processesOf } from '../front/process.ts';
import { type Route, routesOf } from '../front/route.ts';
import { parseServices, type Service } from '../front/services.ts';
import { REQUEST_ROLES } from '../http/role.ts';
import { askControl } from './control.ts';
import { isDataFolder, openDataFolder, SERVICES_FILE } from './data-folder.ts';
import { reachable } from './listen.ts';

const SEAL_LENGTH = 16;

/** The paths that a server with these settings serves. */
export async function frontRoutes(config: Config): Promise<readonly Route[]> {
  // The whole server.
  const { listEndpoints } = await import('./list-endpoints.ts');
  return routesOf(await listEndpoints(config));
}

/** All that a configuration is made of. @throws FrontError */
export function frontPlan(
  config: Config,
  routes: readonly Route[],
  { processes, mayLackRoles }: Pick<Front, 'processes' | 'mayLackRoles'>,
): Front {
  const [services, settings] = [readServices(config), settingsOf(config)];
  return { routes, processes, mayLackRoles, services, settings, seal: sealOf(certificatesOf({ services, settings })) };
}

/** Of what is in these files. Undefined where none can be read. */
function sealOf(files: readonly string[]): string | undefined {
  // What cannot be read the program in front complains of, or it is on another machine.
  const texts = files.map(textIfReadable);
  if (texts.every(text => text === undefined)) return undefined;
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, SEAL_LENGTH);
}

/** The processes of a file, or those that live in the cluster of the server that runs here, or this server. @throws FrontError */
export async function findProcesses(config: Config, file: string | undefined): Promise<readonly FrontProcess[]> {
  if (file !== undefined) return parseProcesses(textOf(file));
  const cluster = isDataFolder(config.data_dir) ? (await askControl(config.data_dir))?.cluster : undefined;
  return cluster === undefined ? [thisServer(config)] : processesOf(cluster.processes);
}

/** The file of services, in the data folder. */
export function servicesFile({ data_dir: folder }: Pick<Config, 'data_dir'>): string {
  return join(folder, SERVICES_FILE);
}

/** The services that were added. @throws FrontError */
export function readServices(config: Pick<Config, 'data_dir'>): Service[] {
  const file = servicesFile(config);
  try {
    return parseServices(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function thisServer({ listen: { client } }: Config): FrontProcess {
  if (client.port === 0)
    throw new FrontError('This server takes any free port. Set listen.client.port, or say --processes FILE.');
  return {
    name: 'copse',
    address: `${reachable(client.host)}:${client.port}`,
    roles: REQUEST_ROLES,
    isDraining: false,
  };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new FrontError(`${file} cannot be read: ${(error as Error).message}`, error);
  }
}

function settingsOf(config: Config): FrontSettings {
  const { addresses, https_port: httpsPort, federation_port: federationPort, proxies } = config.front;
  const certificateOf = (host: string) => ({
    certificate: config.front.certificate.replaceAll('{name}', host),
    key: config.front.key.replaceAll('{name}', host),
  });
  const plainPort = config.front.plain_port === 0 ? undefined : config.front.plain_port;
  const names = publicNames(config, certificateOf);
  return { names, addresses, httpsPort, federationPort, plainPort, proxies, certificateOf };
}

/** Where clients come, and the server's name where that is another. @throws FrontError */
export function publicNames(
  config: Pick<Config, 'server_name' | 'data_dir' | 'public_base_url'>,
  certificateOf: FrontSettings['certificateOf'],
): PublicName[] {
  const ours = hostOf(serverName(config));
  const host = config.public_base_url === undefined ? ours : new URL(config.public_base_url).hostname;
  const first: PublicName = { host, serves: 'everything', ...certificateOf(host) };
  return host === ours ? [first] : [first, { host: ours, serves: 'well-known', ...certificateOf(ours) }];
}

function serverName({ server_name: named, data_dir: folder }: Pick<Config, 'server_name' | 'data_dir'>): string {
  if (isDataFolder(folder)) return openDataFolder(folder, named, systemRandom).serverName;
  if (named !== undefined) return named;
  throw new FrontError(
    'The name of the server is not known yet. Set server_name, or name its data folder with --data.',
  );
}

/** A server name without its port. */
function hostOf(name: string): string {
  return name.replace(/:\d+$/, '').toLowerCase();
}
