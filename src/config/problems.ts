/** One thing that is wrong with the settings: where it stands, what is wrong and what to do. */
export interface Problem {
  /** `copse.yaml:12`, `--port`. */
  readonly where: string;
  readonly reason: string;
  readonly remedy: string;
}

/** The settings cannot be used. All problems are reported at once. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ where, reason, remedy }) => `${where}: ${reason}\n    ${remedy}`).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
