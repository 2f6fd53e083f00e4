import { writeSync } from 'node:fs';

const STANDARD_OUTPUT = 1;
/** How long a line waits for a reader that does not keep up; everything else waits with it. */
const LONGEST_WAIT_MS = 200;
const PAUSE_MS = 5;

/** Writes what it can of the bytes and answers how many. @throws as `fs.writeSync` */
export type WriteBytes = (bytes: Uint8Array) => number;

/**
 * Lines on standard output. A line that cannot be written (the disk with the log file is full, nobody reads the pipe)
 * is dropped: a server must neither stop nor hang for want of a log. pino's own output does both: it throws where
 * nobody catches, and at the exit it tries for ever.
 */
export class LogOutput {
  readonly #write: WriteBytes;
  /** Called after the first line that could be written again, with how many were lost. */
  onLost: (lines: number) => void = () => undefined;
  #lost = 0;

  constructor(write: WriteBytes = bytes => writeSync(STANDARD_OUTPUT, bytes)) {
    this.#write = write;
  }

  write(line: string): void {
    if (!this.#writeLine(line)) {
      this.#lost++;
      return;
    }
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.onLost(lost);
  }

  #writeLine(line: string): boolean {
    // What was lost may have been cut off in the middle of a line.
    let rest: Uint8Array = Buffer.from(this.#lost > 0 ? `\n${line}` : line);
    for (let waited = 0; ; waited += PAUSE_MS) {
      try {
        rest = rest.subarray(this.#write(rest));
        if (rest.length === 0) return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return false;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
      }
      if (waited >= LONGEST_WAIT_MS) return false;
    }
  }
}
