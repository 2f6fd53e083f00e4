import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { Socket } from 'node:net';

/** Longer lines are cut into several. */
const LONGEST_LINE = 64 * 1024;

/**
 * What a process writes, as lines, through a named pipe: an agent that was killed comes back and reads on. While nobody
 * reads, what is written is refused at once (EPIPE) and the writer goes on; a plain pipe would be lost for good, and a
 * file would grow.
 */
export class OutputPipe implements Disposable {
  readonly #file: string;
  readonly #socket: Socket;

  /** @throws where the pipe cannot be made */
  constructor(file: string, onLine: (line: string) => void) {
    this.#file = file;
    // Node.js cannot make one.
    if (!existsSync(file)) execFileSync('mkfifo', ['-m', '600', file]);
    // Without O_NONBLOCK opening waits for a writer.
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    this.#socket = new Socket({ fd: descriptor, readable: true, writable: false });
    this.#socket.setEncoding('utf8').on('data', lines(onLine));
    this.#socket.on('error', () => undefined);
    this.#socket.unref();
  }

  /** A descriptor for a process to write to; to be closed here when the process has its own. */
  writer(): { readonly descriptor: number } & Disposable {
    // A writer does not wait for an agent that stands still.
    const descriptor = openSync(this.#file, constants.O_WRONLY | constants.O_NONBLOCK);
    return { descriptor, [Symbol.dispose]: () => closeSync(descriptor) };
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

function lines(onLine: (line: string) => void): (text: string) => void {
  let rest = '';
  return text => {
    const all = (rest + text).split('\n');
    rest = all.pop() ?? '';
    for (const line of all) onLine(line);
    if (rest.length < LONGEST_LINE) return;
    onLine(rest);
    rest = '';
  };
}
