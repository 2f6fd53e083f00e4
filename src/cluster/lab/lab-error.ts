/** The lab cannot do what was asked for: the message says why and what to do. */
export class LabError extends Error {
  /** Of a command that failed: what it said itself. */
  readonly said: string;

  constructor(message: string, { said = message, cause }: { readonly said?: string; readonly cause?: unknown } = {}) {
    super(message, { cause });
    this.name = 'LabError';
    this.said = said;
  }
}
