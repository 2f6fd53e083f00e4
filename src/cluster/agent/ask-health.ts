import { readFileSync } from 'node:fs';
import { get } from '../../base/node-http.ts';
import type { HealthPlace } from './launch.ts';
import { readStat } from './proc-files.ts';
import type { Health } from './watched-process.ts';

/** As in src/http/health.ts, which is upstairs. */
const HEALTH_PATH = '/_copse/health';
const PATIENCE_MS = 5000;

/** Asks a process of this board whether it takes requests. An answer of whatever kind is a sign of life. */
export function askHealth(at: HealthPlace): Promise<Health> {
  if ('pidFile' in at) return Promise.resolve(isLiving(at.pidFile) ? 'good' : 'silent');
  const { host, port } = at;
  return new Promise(resolve => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const asking = get({ host, port, path: HEALTH_PATH, agent: false, signal }, answer => {
      answer.resume();
      resolve(answer.statusCode === 503 ? 'going' : 'good');
    });
    asking.on('error', () => resolve('silent'));
  });
}

function isLiving(pidFile: string): boolean {
  try {
    return readStat(Number(readFileSync(pidFile, 'utf8').trim())) !== undefined;
  } catch {
    return false;
  }
}
