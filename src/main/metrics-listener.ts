import type { Log } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import { createServer } from '../base/node-http.ts';
import { FIRST_PORT } from '../cluster/placement/budget.ts';
import type { Config } from '../config/schema.ts';
import { reachable } from './listen.ts';

/** Where a process listens for clients that is started by hand, unless somebody says otherwise. */
const USUAL_PORT = 8008;

/**
 * Where a process serves its figures. Several of them on one machine have ports of their own, which follow from those for
 * clients, so that whoever collects figures finds each of them where it was.
 */
export function metricsPort({ cluster, listen, metrics }: Pick<Config, 'cluster' | 'listen' | 'metrics'>): number {
  if (cluster.bus === undefined || metrics.port === 0) return metrics.port;
  const { port } = listen.client;
  const own = metrics.port + port - (port < FIRST_PORT ? USUAL_PORT : FIRST_PORT);
  return own > 0 && own < 65_536 ? own : metrics.port;
}

/** Serves `/metrics` for Prometheus. Figures are no reason to stay down: when the port is taken it warns and goes on. */
export async function listenMetrics(
  settings: Pick<Config, 'cluster' | 'listen' | 'metrics'>,
  metrics: Metrics,
  log: Log,
): Promise<(AsyncDisposable & { readonly url: string }) | undefined> {
  const config = { ...settings.metrics, port: metricsPort(settings) };
  if (!config.enabled) return undefined;
  const { addProcessMetrics } = await import('../base/metrics.ts');
  addProcessMetrics(metrics);
  const server = createServer(async (request, answer) => {
    if (request.url !== '/metrics') {
      answer.writeHead(404).end('The figures are at /metrics.\n');
      return;
    }
    try {
      const text = await metrics.text();
      answer.writeHead(200, { 'content-type': metrics.contentType }).end(text);
    } catch (error) {
      log.warn('Figures could not be read.', { err: error });
      answer.writeHead(500).end();
    }
  });
  const failure = await new Promise<Error | undefined>(resolve => {
    server.once('error', resolve);
    server.listen(config.port, config.host, () => resolve(undefined));
  });
  if (failure !== undefined) {
    log.warn(
      `Metrics are not served: ${failure.message}. Set metrics.port to a free one, or metrics.enabled to false.`,
    );
    return undefined;
  }
  server.unref();
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  return {
    url: `http://${reachable(config.host)}:${port}/metrics`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
