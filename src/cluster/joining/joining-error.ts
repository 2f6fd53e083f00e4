/** A board cannot join, or cannot invite another one: the message says why and what to do. */
export class JoiningError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'JoiningError';
  }
}
