/**
 * A Copse in a process of its own that kills itself where it is told to. Its modules are loaded before it is asked to
 * start, so that a test that kills it hundreds of times has the next one waiting.
 *
 * Messages to it: `{ start: { config, data } }`, `{ arm: n }` (die before the n-th step of transactions from now on,
 * or at the first step of a name; 0: only count them), `{ count: true }`. It answers `{ ready: url }`, `{ armed: true }`, `{ steps: n }`.
 */
import { systemClock } from '../../src/base/clock.ts';
import { Metrics } from '../../src/base/metrics.ts';
import { createLog } from '../../src/base/pino-log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { loadConfig } from '../../src/config/load.ts';
import { compose, type Running } from '../../src/main/compose.ts';
import { openDatabase } from '../../src/main/open-database.ts';
import { FaultyDatabase, type Step } from '../support/faulty-database.ts';
import '../../src/db/sqlite.ts';

export type Order =
  | { readonly start: { readonly config: string; readonly data: string } }
  | { readonly arm: number | Step }
  | { readonly count: true };
export interface Word {
  readonly ready?: string;
  readonly armed?: true;
  readonly steps?: number;
  readonly failed?: string;
}

let steps = 0;
let deadlyStep: number | Step = 0;
let running: Running | undefined;

function reached(step: Step): void {
  steps++;
  if (steps === deadlyStep || step === deadlyStep) process.kill(process.pid, 'SIGKILL');
}

async function start({ config: file, data }: { config: string; data: string }): Promise<string> {
  const config = loadConfig({ config: file, data, port: '0' });
  const log = createLog({ level: config.log.level, format: 'json', colour: false, clock: systemClock });
  running = await compose(config, {
    clock: systemClock,
    random: systemRandom,
    log,
    metrics: new Metrics(),
    version: 'crash test',
    openDatabase: async config => new FaultyDatabase(await openDatabase(config), reached),
  });
  return running.listeners[0]?.url ?? '';
}

async function obey(order: Order): Promise<Word> {
  if ('start' in order) return { ready: await start(order.start) };
  if ('count' in order) return { steps };
  steps = 0;
  deadlyStep = order.arm;
  return { armed: true };
}

process.on('message', (order: Order) => {
  obey(order).then(
    word => process.send?.(word),
    (error: unknown) => process.send?.({ failed: String((error as Error)?.stack ?? error) }),
  );
});
// Whoever started it is gone: nobody would stop it any more.
process.on('disconnect', () => process.exit());
