import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Commands, Request } from '../js-sdk-client.ts';

const SCRIPT = fileURLToPath(new URL('../js-sdk-client.ts', import.meta.url));
/** In characters; the SDK writes a few megabytes in a test. */
const LONGEST_LOG = 4_000_000;
/** A warning of the SDK's encryption with the lines that explain it. */
const WARNING = /^(?:WARN|ERROR) matrix_sdk_crypto.*(?:\n {4}.*)*/gm;
const LONGEST_QUOTE = 10_000;

type Command = keyof Commands;
type Result<Name extends Command> = Awaited<ReturnType<Commands[Name]>>;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A Matrix client in a process of its own, as the test sees it. */
export class ClientProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #log = '';

  constructor(baseUrl: string) {
    this.#child = fork(SCRIPT, [baseUrl], { silent: true, serialization: 'advanced' });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-LONGEST_LOG);
      });
    }
    this.#child.on('message', (answer: Answer) => this.#settle(answer));
    this.#child.on('exit', code =>
      this.#failAll(`The client ended with code ${code}:\n${this.#log.slice(-LONGEST_QUOTE)}`),
    );
  }

  /** What its encryption complained of. */
  get warnings(): string[] {
    return this.#log.match(WARNING) ?? [];
  }

  /** @throws Error with the client's stack when the command fails there */
  do<Name extends Command>(command: Name, ...args: Parameters<Commands[Name]>): Promise<Result<Name>> {
    const id = this.#nextId++;
    const request: Request = { id, command, args };
    return new Promise<Result<Name>>((resolve, reject) => {
      this.#waiting.set(id, { resolve: result => resolve(result as Result<Name>), reject });
      this.#child.send(request, error => {
        if (error !== null) this.#settle({ id, error: error.message });
      });
    });
  }

  /** Nothing reaches it, as when the lid of a laptop is closed, until `resume()`. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.result);
  }

  #failAll(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }
}
