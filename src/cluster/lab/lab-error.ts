/** The lab cannot do what was asked for: the message says why and what to do. */
export class LabError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'LabError';
  }
}
