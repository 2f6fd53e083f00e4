import type { Config } from '../config/schema.ts';
import type { Endpoint } from '../http/endpoint.ts';
import type { PlacedEndpoint } from '../http/served-by.ts';
import { type HttpParts, HttpServer } from '../http/server.ts';
import { listenHttp } from './listen.ts';

const ADMINISTRATION = '/_synapse/admin/';

/** What the listener for clients serves, and what a listener for administration takes from it where there is one. */
export function splitAdministration(
  routes: readonly PlacedEndpoint[],
  { enabled }: Config['listen']['admin'],
): { readonly forClients: readonly PlacedEndpoint[]; readonly forAdmins: readonly PlacedEndpoint[] } {
  if (!enabled) return { forClients: routes, forAdmins: [] };
  const isAdministration = ({ path }: PlacedEndpoint) => path.startsWith(ADMINISTRATION);
  return {
    forClients: routes.filter(route => !isAdministration(route)),
    forAdmins: routes.filter(isAdministration),
  };
}

/** Opens the listener for administration, where the settings have one. @throws ListenError */
export async function listenAdmin(
  settings: Config['listen']['admin'],
  http: HttpParts,
  routes: readonly Endpoint[],
): Promise<(AsyncDisposable & { readonly url: string }) | undefined> {
  if (!settings.enabled) return undefined;
  const server = new HttpServer(http);
  server.add(routes);
  const url = await listenHttp(server, settings, { scheme: 'http', setting: 'listen.admin' });
  return { url, [Symbol.asyncDispose]: () => server.close() };
}
