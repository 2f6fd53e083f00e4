import { systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import { createLog } from '../base/pino-log.ts';
import { systemRandom } from '../base/random.ts';
import { readEnvironment } from '../config/environment.ts';
import { type ConfigArgs, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { type SettingsSource, sharedSettings } from '../config/shared-settings.ts';
import { compose, type Running } from './compose.ts';
import { firstStartText } from './first-start.ts';
import { onHangUp } from './hang-up.ts';
import { systemMemory } from './system-memory.ts';
import { serviceManager } from './systemd-notify.ts';
import { VERSION } from './version.ts';

/** What still waits so long after a signal is cut off. */
const LONGEST_DRAIN_MS = 10_000;
/** EX_TEMPFAIL of sysexits(3). */
const START_ME_AGAIN = 75;

/** `copse up`: runs until SIGINT or SIGTERM. */
export async function up(args: ConfigArgs): Promise<number> {
  const config = loadConfig(args);
  const { log, forPeople } = openLog(config);
  const metrics = await openMetrics(config);
  const hopeless = Promise.withResolvers<void>();
  const { onBoard } = readEnvironment();
  const memory = systemMemory(of => tellHopeless(log, of, () => hopeless.resolve()), onBoard);
  const parts = {
    ...{ clock: systemClock, random: systemRandom, log, metrics, version: VERSION, systemMemory: memory },
    sharedSettings: (from: SettingsSource) => {
      // What another board could not start with is not handed on.
      loadConfig(args);
      return sharedSettings(from === 'file' ? { config: args.config, data: args.data } : args);
    },
  };
  const running = await compose(config, parts);
  process.on('unhandledRejection', error => log.error('A task failed and nobody waited for it.', { err: error }));
  process.on('uncaughtException', error => {
    log.error('Copse cannot go on and stops.', { err: error });
    process.exit(1);
  });
  // Gives back what only starting needed, 6 MB of 100; the launcher allows it.
  memory.collect();
  if (running.firstStart) console.log(await firstStartText(running, config));
  else log.info(`Copse ${VERSION} is ready: ${running.serverName} on ${running.listeners[0]?.url}`);
  using _ = onHangUp(log, process.stdout.isTTY === true, () => loadConfig(args));
  using manager = serviceManager(log);
  manager.ready();
  const signal = await Promise.race([nextSignal(), hopeless.promise]);
  if (forPeople) process.stdout.write('\n');
  log.info(signal === undefined ? 'Stopping, to be started anew.' : `${signal}: stopping.`);
  manager.stopping();
  const code = await drain(running, () =>
    log.warn(`Not everything ended within ${LONGEST_DRAIN_MS / 1000} s; the rest is cut off.`),
  );
  return signal === undefined ? START_ME_AGAIN : code;
}

/**
 * Ending helps only where somebody starts the server again. What several share is the matter of the agent of their board:
 * by themselves they would all end at once.
 */
function tellHopeless(log: Log, of: string, end: () => void): void {
  const { supervised, onBoard } = readEnvironment();
  if (onBoard && of !== 'process') return;
  log.error('Memory stays critical. Give this server more of it (`memory`), or fewer rooms and users.', { supervised });
  if (supervised) end();
}

async function openMetrics(config: Config): Promise<Metrics | undefined> {
  if (!config.metrics.enabled) return undefined;
  const { Metrics } = await import('../base/metrics.ts');
  return new Metrics();
}

function openLog(config: Config) {
  const terminal = process.stdout.isTTY === true;
  const format = config.log.format === 'auto' ? (terminal ? 'text' : 'json') : config.log.format;
  const colour = terminal && !readEnvironment().noColor;
  return {
    log: createLog({ level: config.log.level, format, colour, clock: systemClock }),
    forPeople: format === 'text',
  };
}

/** The listeners go away with the first signal, so that a second one ends the process at once. */
function nextSignal(): Promise<NodeJS.Signals> {
  const names = ['SIGINT', 'SIGTERM'] as const;
  return new Promise(resolve => {
    const take = (name: NodeJS.Signals) => {
      for (const each of names) process.off(each, take);
      resolve(name);
    };
    for (const name of names) process.on(name, take);
  });
}

async function drain(running: Running, onLate: () => void): Promise<number> {
  return new Promise(resolve => {
    systemClock.after(LONGEST_DRAIN_MS, () => {
      onLate();
      resolve(1);
    });
    const ended = running.drain().then(() => running[Symbol.asyncDispose]());
    ended.then(
      () => resolve(0),
      (error: unknown) => {
        console.error(error);
        resolve(1);
      },
    );
  });
}
