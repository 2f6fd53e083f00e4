import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Listener } from '../cli/status-text.ts';
import type { Config } from '../config/schema.ts';
import type { Endpoint } from '../http/endpoint.ts';
import type { HttpParts } from '../http/server.ts';
import { listenAdmin } from './admin-listener.ts';
import { listenFederation } from './federation-listener.ts';
import { listenMetrics } from './metrics-listener.ts';

export interface FurtherListeners {
  readonly http: HttpParts;
  /** For the listener that administration may have. */
  readonly forAdmins: readonly Endpoint[];
  /** For other servers; undefined where this one does not federate. */
  readonly routes: readonly Endpoint[] | undefined;
  readonly metrics: Metrics | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Opens the listeners beside the one for clients, as far as the settings have them. @throws ListenError, TlsFileError */
export async function openFurtherListeners(
  config: Config,
  { http, forAdmins, routes, metrics, clock, log }: FurtherListeners,
  opened: AsyncDisposableStack,
): Promise<Listener[]> {
  const servers = routes && (await listenFederation(config.listen.federation, { http, routes, clock, log }));
  const admins = await listenAdmin(config.listen.admin, http, forAdmins);
  const figures = metrics && (await listenMetrics(config, metrics, log));
  const named = [
    ['servers', servers],
    ['administration', admins],
    ['metrics', figures],
  ] as const;
  return named.flatMap(([name, listener]) => {
    if (listener === undefined) return [];
    opened.use(listener);
    return [{ name, url: listener.url }];
  });
}
