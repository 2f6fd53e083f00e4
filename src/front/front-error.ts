/** What is to be in front of the processes cannot be made or installed: the message says what to change. */
export class FrontError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'FrontError';
  }
}
