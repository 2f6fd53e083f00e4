import type { BoardProcess } from '../boards/board.ts';
import type { Launch } from './launch.ts';
import type { Sighting } from './process-host.ts';

/** What is to be done with a process now. */
export type Step = 'start' | 'end' | 'kill' | 'forget' | undefined;

/** What a process says when asked for its health: `going` is one that answers and is about to end. */
export type Health = 'good' | 'going' | 'silent';

/** Between two starts of a process that ends again and again; doubled each time up to the longest. */
const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** One that ran for so long ran well: what comes next is another matter. */
const RAN_WELL_MS = 60_000;
/** One that took requests and does not even answer for so long hangs. */
const LONGEST_SILENCE_MS = 30_000;
/** Before it answers for the first time: a migration of a large database takes its time. */
const LONGEST_START_MS = 600_000;
/** A server drains for ten seconds and cuts off the rest by itself. */
const LONGEST_DRAIN_MS = 12_000;
/** EX_TEMPFAIL of sysexits(3): a server that wants to be started anew (src/main/up.ts). */
const START_ME_AGAIN = 75;

/** The life of one process by its agent: pure but for what it remembers. All times are milliseconds. */
export class WatchedProcess {
  readonly name: string;
  /** Undefined: it shall not run. */
  wanted: Launch | undefined;
  #state: BoardProcess['state'] = 'starting';
  #since: number;
  #restarts = 0;
  #failures = 0;
  #startAt = 0;
  /** Since when this life of it runs; undefined while none does. */
  #runsSince: number | undefined;
  #heardAt: number;
  #killAt: number | undefined;
  #isKilled = false;
  /** Why it is being ended, or did not run on. */
  #reason: string | undefined;
  #sighting: Sighting | undefined;

  constructor(name: string, now: number) {
    this.name = name;
    this.#since = now;
    this.#heardAt = now;
  }

  get state(): BoardProcess['state'] {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#sighting?.state === 'running' ? this.#sighting.pid : undefined;
  }

  /** Whether it runs as something else than what is wanted. */
  get isOutdated(): boolean {
    return this.wanted !== undefined && this.#runsSince !== undefined && !isSame(this.wanted, this.#sighting);
  }

  /** Whether it is on the way from one state to another, by our doing or its own. */
  get isMoving(): boolean {
    return this.#state === 'draining' || this.#state === 'starting';
  }

  heard(health: Health, now: number): void {
    if (health === 'silent' || this.#runsSince === undefined) return;
    this.#heardAt = now;
    if (this.#state === 'draining') return;
    if (health === 'going') this.#become('draining', now);
    else {
      if (this.#state !== 'ready') this.#become('ready', now);
      this.#reason = undefined;
    }
  }

  /** Called with what the host sees; gives what to do. */
  step(sighting: Sighting | undefined, now: number): Step {
    this.#sighting = sighting;
    if (sighting?.state === 'running') return this.#running(now);
    if (sighting?.state === 'waiting') return this.#waiting(sighting, now);
    if (this.#runsSince !== undefined) this.#ended(sighting, now);
    if (this.wanted === undefined) return 'forget';
    if (now < this.#startAt) return undefined;
    this.#sighting = undefined;
    this.#begins(now);
    return 'start';
  }

  /** It is to end, and to be started anew where it is still wanted. */
  end(reason: string | undefined, now: number): 'end' {
    this.#reason = reason;
    this.#killAt = now + LONGEST_DRAIN_MS;
    this.#become('draining', now);
    return 'end';
  }

  /** It could not even be started. */
  failed(reason: string, now: number): void {
    this.#runsSince = undefined;
    this.#wait(reason, now);
  }

  /** For the report. `memory`: its resident bytes. */
  told(memory: number | undefined): BoardProcess {
    const { pid } = this;
    return {
      name: this.name,
      state: this.#state,
      ...(pid !== undefined && { pid }),
      since: this.#since,
      restarts: this.#restarts + (this.#sighting?.restarts ?? 0),
      ...(memory !== undefined && { memory }),
      ...(this.#reason !== undefined && { reason: this.#reason.slice(0, 500) }),
    };
  }

  #begins(now: number): void {
    this.#runsSince = now;
    this.#heardAt = now;
    this.#become('starting', now);
  }

  #running(now: number): Step {
    // One that somebody else started: this agent before it died, or systemd.
    if (this.#runsSince === undefined) this.#begins(now);
    if (this.#killAt !== undefined) {
      if (now < this.#killAt || this.#isKilled) return undefined;
      this.#isKilled = true;
      return 'kill';
    }
    if (this.wanted === undefined) return this.#leave(now);
    const longest = this.#state === 'starting' ? LONGEST_START_MS : LONGEST_SILENCE_MS;
    if (now - this.#heardAt < longest) return undefined;
    return this.end(`It did not answer for ${longest / 1000} s and was ended.`, now);
  }

  #leave(now: number): Step {
    if (this.#state !== 'draining') return this.end(undefined, now);
    // It ends already, and a second signal would have it drop what it is at.
    this.#killAt = now + LONGEST_DRAIN_MS;
    return undefined;
  }

  #waiting(sighting: Sighting, now: number): Step {
    // Whoever starts it again would do so with the words of before.
    if (this.wanted === undefined || !isSame(this.wanted, sighting)) return 'end';
    this.#runsSince = undefined;
    if (this.#state !== 'failed') this.#become('failed', now);
    this.#reason = sighting.end ?? this.#reason;
    return undefined;
  }

  #ended(sighting: Sighting | undefined, now: number): void {
    const ranWell = this.#state === 'ready' && now - this.#since >= RAN_WELL_MS;
    const isOurDoing = this.#killAt !== undefined;
    this.#runsSince = undefined;
    this.#killAt = undefined;
    this.#isKilled = false;
    if (ranWell || isOurDoing) this.#failures = 0;
    if (this.wanted !== undefined) this.#restarts++;
    if (isOurDoing || sighting?.code === START_ME_AGAIN) {
      this.#startAt = now;
      return;
    }
    this.#wait(sighting?.end ?? 'It ended.', now);
  }

  #wait(reason: string, now: number): void {
    this.#failures++;
    this.#reason = reason;
    this.#startAt = now + Math.min(SHORTEST_PAUSE_MS * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS);
    this.#become('failed', now);
  }

  #become(state: BoardProcess['state'], now: number): void {
    this.#state = state;
    this.#since = now;
  }
}

function isSame(launch: Launch, sighting: Sighting | undefined): boolean {
  return sighting === undefined || launch.words.join('\n') === sighting.words.join('\n');
}
