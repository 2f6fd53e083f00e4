import { hostname } from 'node:os';
import { systemClock, type Timer } from '../base/clock.ts';
import { LineLog, type LineOutput } from '../base/line-log.ts';
import { LogOutput } from '../base/log-output.ts';
import { UsageError } from '../cli/admin-server.ts';
import { Agent, type AgentParts } from '../cluster/agent/agent.ts';
import { askHealth } from '../cluster/agent/ask-health.ts';
import { BoardHome } from '../cluster/agent/board-home.ts';
import { HttpsHeadquarters } from '../cluster/agent/https-headquarters.ts';
import { MemoryWatch } from '../cluster/agent/memory-watch.ts';
import { residentBytes } from '../cluster/agent/proc-files.ts';
import { factsReader, memoryReader } from '../cluster/agent/read-facts.ts';
import { Supervisor } from '../cluster/agent/supervisor.ts';
import type { BoardIdentity } from '../cluster/joining/board-folder.ts';
import { boardNameFor, splitAddress } from '../cluster/joining/own-address.ts';
import { firstProcessName } from '../cluster/placement/begun.ts';
import { FIRST_PORT } from '../cluster/placement/budget.ts';
import { dataFolderOf, programFolders, readEnvironment } from '../config/environment.ts';
import type { ConfigArgs } from '../config/load.ts';
import { chooseHost } from './choose-host.ts';
import { isDataFolder } from './data-folder.ts';
import { firstSettings } from './first-settings.ts';
import { soleAgent } from './sole-agent.ts';
import { serviceManager } from './systemd-notify.ts';
import { abortWithSignal } from './until-signal.ts';
import { VERSION } from './version.ts';

/** An agent allocates so little that V8 would let garbage gather for long. */
const COLLECT_EVERY_MS = 30_000;

/** `copse agent`: runs until SIGINT or SIGTERM, and ends what it started. @throws UsageError, DataFolderError */
export async function runAgent(args: Pick<ConfigArgs, 'data'>): Promise<number> {
  const data = dataFolderOf(args);
  const home = new BoardHome(data);
  if (home.identity() === undefined && !isDataFolder(data))
    throw new UsageError(`${data} is neither that of a board nor that of a server. Join a cluster first: copse join.`);
  await using _sole = await soleAgent(data);
  const output = new LogOutput();
  const log = new LineLog(systemClock, await linesFor(output));
  const host = await chooseHost(data, output);
  const supervisor = new Supervisor({ host, clock: systemClock, log, askHealth, memoryOf: pid => residentBytes(pid) });
  const readFacts = factsReader({ version: VERSION, supervisor: host.kind, data, paths: programFolders() });
  using headquarters = new HttpsHeadquarters(() => home.identity());
  const ending = abortWithSignal();
  const memory = new MemoryWatch({ clock: systemClock, log, supervisor, read: memoryReader() });
  const agent = new Agent({
    ...{ clock: systemClock, log, data, home, headquarters, supervisor, memory, readFacts },
    first: identity => firstProcess(args, identity),
  });
  log.info(`The agent of ${home.identity()?.name ?? 'a new cluster'} begins.`, {
    version: VERSION,
    supervisor: host.kind,
  });
  using _collecting = collectingNowAndThen();
  using manager = serviceManager(log);
  manager.ready();
  ending.addEventListener('abort', () => manager.stopping(), { once: true });
  await agent.run(ending, host.kind === 'child');
  return 0;
}

/** What garbage holds goes back to the system, which is 1.3 MB; the launcher allows it. */
function collectingNowAndThen(): Disposable {
  let timer: Timer;
  const next = () => {
    timer = systemClock.after(COLLECT_EVERY_MS, () => {
      globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
      next();
    });
  };
  next();
  return { [Symbol.dispose]: () => timer.cancel() };
}

/** For people where they look on, and else for machines. */
async function linesFor(output: LogOutput): Promise<LineOutput> {
  if (process.stdout.isTTY !== true) return output;
  const { TextLines } = await import('../base/text-log.ts');
  return new TextLines(output, !readEnvironment().noColor);
}

/**
 * What placement gives the first board of a cluster, so that it need not be started anew; where there is no cluster yet,
 * what the settings say: with them the server was started by hand until now.
 */
async function firstProcess(args: ConfigArgs, identity: BoardIdentity | undefined): ReturnType<AgentParts['first']> {
  const { memory, ...listen } = await firstSettings(args);
  const board = identity?.name ?? boardNameFor(hostname());
  const at = identity === undefined ? listen : { host: splitAddress(identity.address).host, port: FIRST_PORT };
  const what = { part: 'all', kind: 'role', roles: [], isLeaving: false } as const;
  return { process: firstProcessName(board), board, ...what, memory, host: at.host, port: at.port };
}
