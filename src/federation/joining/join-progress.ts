import type { Clock } from '../../base/clock.ts';
import type { RoomId, ServerName } from '../../core/ids.ts';

/** What a join does: it waits in line, asks for the room, or takes in what comes of its state. */
export type JoinPhase = 'waiting' | 'asking' | 'receiving';

/** A join, or the members that follow one, as it stands. */
export interface JoinStatus {
  readonly roomId: RoomId;
  readonly phase: JoinPhase;
  /** The server that is asked. */
  readonly server: ServerName | undefined;
  /** Why it waits, for people. */
  readonly reason: string | undefined;
  readonly forSeconds: number;
  readonly counts: IntakeCounts;
}

export interface IntakeCounts {
  /** Events that are stored. */
  readonly stored: number;
  /** Those that cannot be stored yet: they are tried again. */
  readonly aside: number;
  readonly refused: number;
}

const NOTHING: IntakeCounts = { stored: 0, aside: 0, refused: 0 };

/** What a join does, for people. */
export function progressText({ phase, server, reason, counts }: JoinStatus): string {
  const { stored, aside, refused } = counts;
  const texts: Record<JoinPhase, string> = {
    waiting: `waits: ${reason}`,
    asking: server === undefined ? 'looks for a server' : `asks ${server}`,
    receiving: `has ${stored} events${aside > 0 ? `, ${aside} of others wait for keys` : ''}${refused > 0 ? `, ${refused} are refused` : ''}`,
  };
  return texts[phase];
}

/** One join as it goes on; disposing of it ends it. */
export class RunningJoin implements Disposable {
  readonly roomId: RoomId;
  readonly #since: number;
  readonly #end: () => void;
  #phase: JoinPhase = 'asking';
  #server: ServerName | undefined;
  #reason: string | undefined;
  #counts: () => IntakeCounts = () => NOTHING;

  constructor(roomId: RoomId, since: number, end: () => void) {
    this.roomId = roomId;
    this.#since = since;
    this.#end = end;
  }

  waits(reason: string): void {
    this.#phase = 'waiting';
    this.#reason = reason;
  }

  asks(server?: ServerName): void {
    this.#phase = 'asking';
    this.#server = server;
    this.#reason = undefined;
  }

  receives(counts: () => IntakeCounts): void {
    this.#phase = 'receiving';
    this.#counts = counts;
  }

  /** `now`: on the clock that it was begun by. */
  status(now: number): JoinStatus {
    return {
      roomId: this.roomId,
      phase: this.#phase,
      server: this.#server,
      reason: this.#reason,
      forSeconds: (now - this.#since) / 1000,
      counts: this.#counts(),
    };
  }

  [Symbol.dispose](): void {
    this.#end();
  }
}

/** The joins that go on in this process. As many as memory is found for, and those that wait. */
export class JoinProgress {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #running = new Set<RunningJoin>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  begin(roomId: RoomId): RunningJoin {
    const join: RunningJoin = new RunningJoin(roomId, this.#clock.monotonic(), () => this.#running.delete(join));
    this.#running.add(join);
    return join;
  }

  /** The longest first. */
  get list(): readonly JoinStatus[] {
    const now = this.#clock.monotonic();
    return [...this.#running].map(join => join.status(now));
  }
}
