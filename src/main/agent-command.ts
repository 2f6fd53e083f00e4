import { hostname } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { LogOutput } from '../base/log-output.ts';
import { createLog } from '../base/pino-log.ts';
import { UsageError } from '../cli/admin-server.ts';
import { Agent, type AgentParts } from '../cluster/agent/agent.ts';
import { askHealth } from '../cluster/agent/ask-health.ts';
import { BoardHome } from '../cluster/agent/board-home.ts';
import { ChildProcesses } from '../cluster/agent/child-processes.ts';
import { HttpsHeadquarters } from '../cluster/agent/https-headquarters.ts';
import { residentBytes } from '../cluster/agent/proc-files.ts';
import { factsReader } from '../cluster/agent/read-facts.ts';
import { Supervisor } from '../cluster/agent/supervisor.ts';
import type { BoardIdentity } from '../cluster/joining/board-folder.ts';
import { boardNameFor, splitAddress } from '../cluster/joining/own-address.ts';
import { FIRST_PORT } from '../cluster/placement/layout.ts';
import { programFolders, supervisedEnvironment } from '../config/environment.ts';
import { type ConfigArgs, dataFolderOf, loadConfig } from '../config/load.ts';
import { isDataFolder } from './data-folder.ts';
import { lockFolder } from './folder-lock.ts';
import { untilSignal } from './until-signal.ts';
import { VERSION } from './version.ts';

/** `./copse`, which starts processes as they are to be started; it lies two folders up from src/main and dist/main alike. */
const LAUNCHER = join(import.meta.dirname, '../../copse');
/** Its lock among those of processes. No process is called so: names have no such character. */
const OWN_LOCK = '@agent';

/** `copse agent`: runs until SIGINT or SIGTERM, and ends what it started. @throws UsageError, DataFolderError */
export async function runAgent(args: Pick<ConfigArgs, 'data'>): Promise<number> {
  const data = dataFolderOf(args);
  const home = new BoardHome(data);
  if (home.identity() === undefined && !isDataFolder(data))
    throw new UsageError(`${data} is neither that of a board nor that of a server. Join a cluster first: copse join.`);
  using _lock = lockFolder(data, OWN_LOCK);
  const isTerminal = process.stdout.isTTY === true;
  const log = createLog({
    level: 'info',
    format: isTerminal ? 'text' : 'json',
    colour: isTerminal,
    clock: systemClock,
  });
  const output = new LogOutput();
  const host = new ChildProcesses({
    command: [LAUNCHER],
    environment: supervisedEnvironment(),
    folder: join(data, 'run'),
    onLine: (name, line) => output.write(`${name} | ${line}\n`),
  });
  const supervisor = new Supervisor({ host, clock: systemClock, log, askHealth, memoryOf: pid => residentBytes(pid) });
  const readFacts = factsReader({ version: VERSION, supervisor: host.kind, data, paths: programFolders() });
  using headquarters = new HttpsHeadquarters(() => home.identity());
  using until = untilSignal();
  const agent = new Agent({
    ...{
      clock: systemClock,
      log,
      data,
      home,
      headquarters,
      supervisor,
      readFacts,
      first: identity => firstProcess(args, identity),
    },
  });
  log.info(`The agent of ${home.identity()?.name ?? 'a new cluster'} begins.`, {
    version: VERSION,
    supervisor: host.kind,
  });
  await agent.run(until.signal, host.kind === 'child');
  return 0;
}

/**
 * What placement gives the first board of a cluster, so that it need not be started anew; where there is no cluster yet,
 * what the settings say: with them the server was started by hand until now.
 */
function firstProcess(args: ConfigArgs, identity: BoardIdentity | undefined): ReturnType<AgentParts['first']> {
  const { listen, memory } = loadConfig(args);
  const board = identity?.name ?? boardNameFor(hostname());
  const at = identity === undefined ? listen.client : { host: splitAddress(identity.address).host, port: FIRST_PORT };
  const what = { part: 'all', kind: 'role', roles: [], isLeaving: false } as const;
  return { process: `${board}-all-1`, board, ...what, memory, host: at.host, port: at.port };
}
