import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { BoardProcess } from '../boards/board.ts';
import type { HealthPlace, Launch } from './launch.ts';
import type { ProcessHost } from './process-host.ts';
import { type Health, type Step, WatchedProcess } from './watched-process.ts';

export interface SupervisorParts {
  readonly host: ProcessHost;
  readonly clock: Clock;
  readonly log: Log;
  /** Asks a process whether it takes requests. Never rejects. */
  readonly askHealth: (at: HealthPlace) => Promise<Health>;
  /** Resident bytes; undefined where there is no such process. */
  readonly memoryOf: (pid: number) => number | undefined;
}

/** A process that is ready is asked this often; one that starts at each look. */
const ASK_MS = 2000;

/** Sees to it that what shall run on the board runs, and nothing else. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #processes = new Map<string, WatchedProcess>();
  readonly #asked = new Map<string, number>();
  #isTold = false;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
  }

  /** What shall run from now on. Acted upon at the next look. */
  want(launches: readonly Launch[]): void {
    const now = this.#parts.clock.now();
    this.#isTold = true;
    for (const process of this.#processes.values()) process.wanted = undefined;
    for (const launch of launches) this.#processOf(launch.name, now).wanted = launch;
  }

  /** For the report, by name. */
  told(): BoardProcess[] {
    const all = [...this.#processes.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return all.map(process => process.told(process.pid === undefined ? undefined : this.#parts.memoryOf(process.pid)));
  }

  /** Whether it is a server, and not what stands in front of some. */
  isServer(name: string): boolean {
    const health = this.#processes.get(name)?.wanted?.health;
    return health !== undefined && 'port' in health;
  }

  /** Whether nothing runs and nothing is wanted. */
  get isIdle(): boolean {
    return this.#processes.size === 0;
  }

  /** Whether all that shall run is ready, and nothing else runs. */
  get isAsWanted(): boolean {
    const isDone = ({ wanted, state, isOutdated }: WatchedProcess) =>
      wanted !== undefined && state === 'ready' && !isOutdated;
    return this.#isTold && [...this.#processes.values()].every(isDone);
  }

  /** Has a process end in good order and start anew. False where none of this name runs, or it is on the way anyway. */
  async restart(name: string, reason: string): Promise<boolean> {
    const process = this.#processes.get(name);
    if (process?.pid === undefined || process.isMoving) return false;
    await this.#act(process, process.end(reason, this.#parts.clock.now()));
    return true;
  }

  /** Looks once at everything, and does what is to be done. To be called a few times a second. */
  async look(): Promise<void> {
    const { host, clock } = this.#parts;
    // What runs from before may well be wanted.
    if (!this.#isTold) return;
    const sightings = await host.look();
    const now = clock.now();
    for (const name of sightings.keys()) this.#processOf(name, now);
    for (const process of this.#processes.values()) {
      const before = process.state;
      await this.#act(process, process.step(sightings.get(process.name), now));
      if (process.state !== before) this.#tell(process);
      this.#ask(process, now);
    }
    await this.#replaceOne(now);
  }

  /** Of those that run as something else than what is wanted one at a time is started anew: the others serve. */
  async #replaceOne(now: number): Promise<void> {
    const all = [...this.#processes.values()];
    const outdated = all.filter(process => process.isOutdated && process.state !== 'draining');
    const isCalm = !all.some(process => process.isMoving);
    // One that is not ready yet serves nobody.
    const next = outdated.find(process => process.state === 'starting') ?? (isCalm ? outdated[0] : undefined);
    if (next !== undefined) await this.#act(next, next.end(undefined, now));
  }

  #tell(process: WatchedProcess): void {
    const { state, reason } = process.told(undefined);
    if (state === 'failed') this.#parts.log.warn(`${process.name} does not run: ${reason}`);
    else if (state === 'ready') this.#parts.log.info(`${process.name} is ready.`);
  }

  async #act(process: WatchedProcess, step: Step): Promise<void> {
    const { host, clock, log } = this.#parts;
    const { name, wanted } = process;
    try {
      if (step === 'forget') {
        host.forget(name);
        this.#processes.delete(name);
        this.#asked.delete(name);
      } else if (step === 'start' && wanted !== undefined) {
        log.info(`Starting ${name}.`, { words: wanted.words.join(' ') });
        await host.start(wanted);
      } else if (step === 'end' || step === 'kill') {
        log.info(step === 'end' ? `${name} is to end.` : `${name} does not end and is killed.`);
        await host.end(name, step === 'kill');
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.warn(`${name} cannot be ${step === 'start' ? 'started' : 'ended'}: ${reason}`);
      if (step === 'start') process.failed(reason, clock.now());
    }
  }

  /** Never waits: who does not answer must not hold up the others. */
  #ask(process: WatchedProcess, now: number): void {
    const at = process.wanted?.health;
    const { name, pid, state } = process;
    if (at === undefined || pid === undefined || state === 'draining') return;
    const last = this.#asked.get(name);
    if (last === Number.POSITIVE_INFINITY || (state === 'ready' && last !== undefined && now - last < ASK_MS)) return;
    this.#asked.set(name, Number.POSITIVE_INFINITY);
    void this.#parts.askHealth(at).then(health => {
      const now = this.#parts.clock.now();
      this.#asked.set(name, now);
      if (process.pid !== pid) return;
      const before = process.state;
      process.heard(health, now);
      if (process.state !== before) this.#tell(process);
    });
  }

  #processOf(name: string, now: number): WatchedProcess {
    const known = this.#processes.get(name);
    if (known !== undefined) return known;
    const process = new WatchedProcess(name, now);
    this.#processes.set(name, process);
    return process;
  }
}
