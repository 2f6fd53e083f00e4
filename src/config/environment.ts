import { resolve } from 'node:path';

const DEFAULT_DATA = './copse-data';

/** The one place that reads the process's environment. */
export interface EnvironmentSettings {
  /** `COPSE_CONFIG`: the configuration file, as `--config`. */
  readonly config: string | undefined;
  /** `COPSE_DATA`: the data folder, as `--data`. */
  readonly data: string | undefined;
  /** `NO_COLOR` is set: terminals get plain text. */
  readonly noColor: boolean;
  /** Somebody starts the server again when it ends: systemd (`INVOCATION_ID`), or who sets `COPSE_SUPERVISED`. */
  readonly supervised: boolean;
  /** An agent has started this process (`COPSE_ON_BOARD`): with others it shares the memory of a board. */
  readonly onBoard: boolean;
}

export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): EnvironmentSettings {
  return {
    config: nonEmpty(variables.COPSE_CONFIG),
    data: nonEmpty(variables.COPSE_DATA),
    noColor: nonEmpty(variables.NO_COLOR) !== undefined,
    supervised: nonEmpty(variables.INVOCATION_ID) !== undefined || nonEmpty(variables.COPSE_SUPERVISED) !== undefined,
    onBoard: nonEmpty(variables.COPSE_ON_BOARD) !== undefined,
  };
}

/** The data folder as far as it is known without the settings. */
export function dataFolderOf(
  { data }: { readonly data?: string | undefined },
  environment: Pick<EnvironmentSettings, 'data'> = readEnvironment(),
): string {
  return resolve(data ?? environment.data ?? DEFAULT_DATA);
}

/** The environment of a process that the agent of a board starts. What systemd said to the agent is not for it. */
export function boardEnvironment(variables: NodeJS.ProcessEnv = process.env): Readonly<NodeJS.ProcessEnv> {
  const { INVOCATION_ID, NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, JOURNAL_STREAM, ...others } = variables;
  return { ...others, COPSE_SUPERVISED: '1', COPSE_ON_BOARD: '1' };
}

/** What systemd wants to hear of this process (sd_notify(3), sd_watchdog_enabled(3)); undefined where it does not. */
export function readNotified(
  variables: NodeJS.ProcessEnv = process.env,
): { readonly watchdogMs: number | undefined } | undefined {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = variables;
  if (nonEmpty(NOTIFY_SOCKET) === undefined) return undefined;
  const isMeant = nonEmpty(WATCHDOG_PID) === undefined || WATCHDOG_PID === String(process.pid);
  const microseconds = Number(WATCHDOG_USEC);
  return { watchdogMs: isMeant && microseconds > 0 ? microseconds / 1000 : undefined };
}

/** The folders in which programs are looked for. Those for administrators count whoever asks. */
export function programFolders(variables: NodeJS.ProcessEnv = process.env): string[] {
  const folders = (variables.PATH ?? '').split(':').filter(folder => folder !== '');
  return [...new Set([...folders, '/usr/local/sbin', '/usr/sbin', '/sbin'])];
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
