import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Clock, sleep } from '../base/clock.ts';
import { textIfReadable } from '../base/if-readable.ts';
import { FrontError } from './front-error.ts';
import { type CommandLine, type FrontProgram, type Installed, installText } from './install.ts';

/** How a program is run in the foreground, and told things by signals. */
export interface RunnableProgram extends Pick<FrontProgram, 'check' | 'socket'> {
  readonly start: CommandLine;
  readonly reload: NodeJS.Signals;
  /** Answers what waits, then ends. */
  readonly end: NodeJS.Signals;
  /** After a reload those of before answer what waits: whether a process that they may wait for has died, and who they are. */
  readonly former?: { hasDied(before: string, after: string): boolean; workersOf(master: number): readonly number[] };
  /**
   * Where its process ID is while it runs. Not the file that the program writes itself: one that drains takes that away when
   * it ends, while the next runs.
   */
  readonly pidFile: string;
}

/** What still waits so long is cut off. */
const LONGEST_DRAIN_MS = 8000;
/** What waits at a process that lives is answered by then, but for what takes long. */
const SHORT_ANSWER_MS = 2000;
const NOTHING: CommandLine = ['/bin/sh', '-c', ':'];

/** A program that stands in front, for as long as this process lives. */
export class FrontRun implements AsyncDisposable {
  readonly #file: string;
  readonly #program: RunnableProgram;
  readonly #clock: Clock;
  readonly #ended = Promise.withResolvers<string>();
  #child: ChildProcess | undefined;
  #isOver = false;

  constructor(file: string, program: RunnableProgram, clock: Clock) {
    this.#file = file;
    this.#program = program;
    this.#clock = clock;
    endFormer(file, program);
  }

  /** Resolves with how the program ended, if it does by itself. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  /** Puts a configuration in place, and starts the program with the first one. @throws FrontError with what it said */
  async install(text: string): Promise<Installed> {
    const { check, socket, reload } = this.#program;
    const pid = this.#child?.pid;
    const signal: CommandLine = pid === undefined ? NOTHING : ['/bin/sh', '-c', `kill -${reload.slice(3)} ${pid}`];
    // A program that does not run yet cannot be told anything.
    const told = pid === undefined || socket === undefined ? {} : { socket };
    const leaving = pid === undefined ? [] : this.#stranded(pid, text);
    const outcome = await installText(this.#file, text, { check, reload: signal, ...told });
    if (outcome === 'reloaded' && leaving.length > 0) this.#cutOff(leaving);
    if (pid !== undefined) return outcome;
    await this.#start();
    return 'started';
  }

  /** Those who may wait for somebody who has died, once this text is in force. */
  #stranded(pid: number, text: string): readonly number[] {
    const { former } = this.#program;
    const before = textIfReadable(this.#file);
    return before !== undefined && former?.hasDied(before, text) === true ? former.workersOf(pid) : [];
  }

  /**
   * What waits for who has died would wait for as long as a long poll may take. Nobody can tell the program which of its connections
   * that are; so all that a worker of before still has after a moment is cut off, and asked again by whoever wants to know.
   */
  #cutOff(workers: readonly number[]): void {
    this.#clock.after(SHORT_ANSWER_MS, () => {
      const living = this.#child?.pid === undefined ? [] : (this.#program.former?.workersOf(this.#child.pid) ?? []);
      for (const pid of workers.filter(pid => living.includes(pid))) end(pid);
    });
  }

  async #start(): Promise<void> {
    const [program, ...words] = this.#program.start;
    const child = spawn(program, words, { stdio: ['ignore', 'inherit', 'inherit'] });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', error => reject(new FrontError(`${program} cannot be started: ${error.message}`, error)));
    });
    this.#child = child;
    writeFileSync(this.#program.pidFile, String(child.pid));
    child.once('exit', (code, signal) => {
      rmSync(this.#program.pidFile, { force: true });
      this.#isOver = true;
      this.#ended.resolve(`${program} ended with ${signal ?? `code ${code}`}.`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child === undefined || this.#isOver) return;
    this.#child.kill(this.#program.end);
    await Promise.race([this.ended, sleep(this.#clock, LONGEST_DRAIN_MS)]);
    if (!this.#isOver) this.#child.kill('SIGKILL');
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It has ended meanwhile.
  }
}

/** One whose starter was killed still has the ports: it lets go of them at once, and answers what waits. */
function endFormer(file: string, { pidFile, end }: RunnableProgram): void {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').trim());
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(file)) process.kill(pid, end);
  } catch {
    // There is none.
  }
  rmSync(pidFile, { force: true });
}
