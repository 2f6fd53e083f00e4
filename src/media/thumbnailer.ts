import { type ChildProcess, fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock, Timer } from '../base/clock.ts';
import { KeyedQueue, QueueFullError } from '../base/keyed-queue.ts';
import type { Log } from '../base/log.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { ImageOutcome, ImageTask } from './image-task.ts';
import type { ThumbnailSettings } from './settings.ts';

interface Parts {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: ThumbnailSettings;
}

/** `.ts` here, `.js` in what is shipped. */
const PROCESS_FILE = fileURLToPath(new URL(`./image-process${extname(import.meta.url)}`, import.meta.url));
/** A decoder takes its memory at 200 to 400 MB a second: this is how far it can get over its limit. */
const WATCH_EVERY_MS = 50;

/**
 * Makes thumbnails in a process of its own, which is started at the first one and ended when idle: what a hostile image
 * does to a decoder (a crash, memory, time) ends there, and the server never loads sharp. One image at a time.
 */
export class Thumbnailer implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #queue: KeyedQueue;
  #child: ChildProcess | undefined;
  #idle: Timer | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#queue = new KeyedQueue(parts.settings.waiting);
  }

  /** Never fails because of the image. @throws MatrixError M_LIMIT_EXCEEDED when too many images wait */
  async draw(task: ImageTask): Promise<ImageOutcome> {
    try {
      return await this.#queue.run('image', () => this.#drawNow(task));
    } catch (error) {
      if (!(error instanceof QueueFullError)) throw error;
      const fields = { retry_after_ms: 5000 };
      throw new MatrixError('M_LIMIT_EXCEEDED', 'Too many thumbnails are waiting to be made.', {
        fields,
        cause: error,
      });
    }
  }

  /** Of the process, where there is one: for metrics and tests. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  get #running(): ChildProcess | undefined {
    return this.#child?.connected === true && !this.#child.killed ? this.#child : undefined;
  }

  async #drawNow(task: ImageTask): Promise<ImageOutcome> {
    const { clock, settings } = this.#parts;
    this.#idle?.cancel();
    // The first task waits for Node and sharp to load.
    const running = this.#running;
    const patience = running === undefined ? 2 : 1;
    const child = running ?? this.#start();
    const outcome = await ask(child, task, { clock, settings, timeoutMs: settings.timeoutMs * patience });
    if (!child.killed && child.connected) this.#idle = clock.after(settings.idleMs, () => this.#stop());
    return outcome;
  }

  #start(): ChildProcess {
    this.#parts.log.debug('The image process is started.');
    const child = fork(PROCESS_FILE, [], {
      execArgv: ['--max-old-space-size=64'],
      // Nothing of the server's environment, which may hold secrets, goes where hostile images are decoded.
      env: { MALLOC_ARENA_MAX: '2' },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.on('error', error => this.#parts.log.error('The image process cannot be started.', { err: error }));
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    child.unref();
    this.#child = child;
    return child;
  }

  #stop(): void {
    this.#idle?.cancel();
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    const gone = child === undefined || !child.connected ? undefined : new Promise(done => child.once('exit', done));
    child?.ref();
    this.#stop();
    await gone;
  }
}

interface Limits {
  readonly clock: Clock;
  readonly settings: ThumbnailSettings;
  readonly timeoutMs: number;
}

/** One task and its answer; a process that breaks a limit is killed. */
function ask(child: ChildProcess, task: ImageTask, { clock, settings, timeoutMs }: Limits): Promise<ImageOutcome> {
  return new Promise(resolve => {
    const finish = (outcome: ImageOutcome) => {
      child.off('message', finish).off('exit', onExit).off('error', onExit);
      timer.cancel();
      watch.cancel();
      child.channel?.unref();
      resolve(outcome);
    };
    const kill = (outcome: ImageOutcome) => {
      child.kill('SIGKILL');
      finish(outcome);
    };
    const onExit = () => kill({ outcome: 'broken', reason: 'the image process died' });
    const timer = clock.after(timeoutMs, () => kill({ outcome: 'broken', reason: `not done in ${timeoutMs} ms` }));
    const watch = watchMemory(child, clock, settings.memoryBytes, () => kill({ outcome: 'too_large' }));
    child.on('message', finish).on('exit', onExit).on('error', onExit);
    child.channel?.ref();
    child.send(task, error => {
      if (error !== null) onExit();
    });
  });
}

/** Linux tells what a process holds; elsewhere the limit of pixels has to do. */
function watchMemory(child: ChildProcess, clock: Clock, maxBytes: number, onExceeded: () => void): Timer {
  let timer: Timer;
  let ended = false;
  const look = async () => {
    const bytes = await residentBytes(child.pid);
    if (ended) return;
    if (bytes > maxBytes) onExceeded();
    else timer = clock.after(WATCH_EVERY_MS, look);
  };
  timer = clock.after(WATCH_EVERY_MS, look);
  return {
    cancel() {
      ended = true;
      timer.cancel();
    },
  };
}

async function residentBytes(pid: number | undefined): Promise<number> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    // No /proc on this system, or the process has just ended.
    return 0;
  }
}
