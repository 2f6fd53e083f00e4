/** A move cannot be begun, or did not come to its end: the message says why. What was the database still is. */
export class MoveError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = new.target.name;
  }
}
