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
}

export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): EnvironmentSettings {
  return {
    config: nonEmpty(variables.COPSE_CONFIG),
    data: nonEmpty(variables.COPSE_DATA),
    noColor: nonEmpty(variables.NO_COLOR) !== undefined,
    supervised: nonEmpty(variables.INVOCATION_ID) !== undefined || nonEmpty(variables.COPSE_SUPERVISED) !== undefined,
  };
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
