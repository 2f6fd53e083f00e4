import { get } from '../../base/node-http.ts';
import type { Launch } from './launch.ts';
import type { Health } from './watched-process.ts';

/** As in src/http/health.ts, which is upstairs. */
const HEALTH_PATH = '/_copse/health';
const PATIENCE_MS = 5000;

/** Asks a process of this board whether it takes requests. An answer of whatever kind is a sign of life. */
export function askHealth({ host, port }: NonNullable<Launch['health']>): Promise<Health> {
  return new Promise(resolve => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const asking = get({ host, port, path: HEALTH_PATH, agent: false, signal }, answer => {
      answer.resume();
      resolve(answer.statusCode === 503 ? 'going' : 'good');
    });
    asking.on('error', () => resolve('silent'));
  });
}
