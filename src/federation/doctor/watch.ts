import { type Clock, sleep } from '../../base/clock.ts';
import type { ServerName } from '../../core/ids.ts';
import { isUs } from './checks/reading.ts';
import { diagnose } from './diagnose.ts';
import type { Doctor, Thoroughness } from './doctor.ts';
import type { Repairs } from './ports.ts';
import { type Subject, Troubles, type TroublesParts } from './troubles.ts';
import { type Finding, serverRepairs } from './verdict.ts';

export interface WatchParts extends TroublesParts {
  readonly clock: Clock;
  readonly doctor: Pick<Doctor, 'examine' | 'ourselves'>;
  readonly repairs: Repairs;
  /** Servers with which something may be wrong, the most striking first. */
  readonly suspects: () => Promise<readonly ServerName[]>;
  /** Whether the settings say that others find us somewhere. */
  readonly hasPublicName: boolean;
}

/** Between two servers that are looked at, and until one is looked at again. */
const TURN_MS = 5 * 60_000;
const AGAIN_MS = 60 * 60_000;
/** To the first look at our own public name, and between two where nothing is found. */
const FIRST_NAME_MS = 2 * TURN_MS;
const NAME_MS = 6 * 60 * 60_000;
/** Whatever was mended has had its effect by then. */
const PROMISE_MS = 5 * 60_000;
const MOST_PROMISES = 100;
/** At most one question a second. */
const GENTLE: Thoroughness = {
  ...{ rooms: 20, pauseMs: 1000, doubtMs: 1000, states: 0 },
  ...{ withFront: false, withTransfer: false },
};
/** Whoever has heard from others so lately is reached by them. */
const HEARD_MS = 60 * 60_000;
const OUR_NAME = 'our public name';

type Look = () => Promise<readonly Finding[] | undefined>;

/**
 * Looks at one server after the other with which something may be wrong, and now and then at our own public name, does what
 * can be done, and tells of what is left: once when it appears, and once when it is over.
 */
export class Watch {
  readonly #parts: WatchParts;
  readonly #troubles: Troubles;
  /** Who is looked at again whatever strikes, and in which turn. Moments here are by the monotonic clock. */
  readonly #promised = new Map<ServerName, number>();
  /** The next turn; undefined where nobody watches here. */
  #turnAt: number | undefined;
  #nameAt: number;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#troubles = new Troubles(parts);
    this.#nameAt = parts.clock.monotonic() + FIRST_NAME_MS;
  }

  /** Works until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    for (let at = clock.monotonic() + TURN_MS; !signal.aborted; ) {
      this.#turnAt = at;
      await sleep(clock, at - clock.monotonic(), signal);
      if (signal.aborted) break;
      await this.turn(signal).catch((error: unknown) => log.error('Watching other servers failed.', { err: error }));
      while (at <= clock.monotonic()) at += TURN_MS;
    }
    this.#turnAt = undefined;
  }

  /** Causes that were found and are not known to be over. */
  get open(): number {
    return this.#troubles.open;
  }

  /**
   * Has a server looked at again soon where somebody else has found something. Answers after how many milliseconds it will be,
   * also where that was promised before; undefined where it will not.
   */
  again(server: ServerName, isSick: boolean): number | undefined {
    if (this.#turnAt === undefined) return undefined;
    const now = this.#parts.clock.monotonic();
    if (isSick && !this.#promised.has(server) && this.#promised.size < MOST_PROMISES) this.#promise(server, now);
    const at = this.#promised.get(server);
    return at === undefined ? undefined : Math.max(at - now, 0);
  }

  /** One server a turn. */
  #promise(server: ServerName, now: number): void {
    const taken = new Set(this.#promised.values());
    let at = this.#turnAt ?? now;
    while (at < now + PROMISE_MS || taken.has(at)) at += TURN_MS;
    this.#promised.set(server, at);
  }

  /** Looks at ourselves, and at one server. */
  async turn(signal: AbortSignal): Promise<void> {
    const { doctor, serverName, hasPublicName, clock } = this.#parts;
    await this.#treat(serverName, async () => diagnose(await doctor.ourselves()).us.findings, signal);
    const isPromised = (this.#promised.get(serverName) ?? Number.POSITIVE_INFINITY) <= clock.monotonic();
    if (isPromised) this.#promised.delete(serverName);
    if (isPromised || (hasPublicName && clock.monotonic() >= this.#nameAt)) await this.#lookAtName(signal);
    const server = await this.#next();
    if (server === undefined) return;
    this.#promised.delete(server);
    const look = async () => diagnose(await doctor.examine([server], signal, GENTLE)).peers[0]?.findings;
    await this.#treat(server, look, signal, server);
  }

  /** What is seen of us without it is looked at in each turn, and told of by itself. */
  async #lookAtName(signal: AbortSignal): Promise<void> {
    const { doctor, clock } = this.#parts;
    this.#nameAt = clock.monotonic() + NAME_MS;
    const look = async () => {
      const facts = await doctor.ourselves({ withFront: true });
      // Others get in where we do not: what is seen from here is not what they see.
      if (!isUs(facts.us) && (facts.us.heardAt ?? 0) > facts.takenAt - HEARD_MS) return undefined;
      const known = diagnose({ ...facts, us: { ...facts.us, front: null } }).us.findings;
      return diagnose(facts).us.findings.filter(
        ({ title, confidence }) => confidence === 'proven' && !known.some(each => each.title === title),
      );
    };
    const isSeen = await this.#treat(OUR_NAME, look, signal);
    if (!isSeen || this.#troubles.subjects.includes(OUR_NAME)) this.#nameAt = clock.monotonic() + AGAIN_MS;
  }

  /** Whose turn it is. */
  async #next(): Promise<ServerName | undefined> {
    const { clock, suspects, serverName } = this.#parts;
    const [now, monotonic] = [clock.now(), clock.monotonic()];
    const [promised] = [...this.#promised]
      .filter(([server, at]) => at <= monotonic && server !== serverName)
      .toSorted(([, a], [, b]) => a - b);
    if (promised !== undefined) return promised[0];
    const isDue = (server: ServerName) => this.#troubles.lookedAt(server) <= now - AGAIN_MS;
    // What was found is looked at again until it is over, also where nothing strikes any more.
    const found = this.#troubles.subjects.filter((subject): subject is ServerName => subject !== OUR_NAME);
    return [...(await suspects()), ...found].find(server => server !== serverName && isDue(server));
  }

  /** Does what can be done about what is found, looks again, and notes what is left. Answers whether anything could be seen. */
  async #treat(subject: Subject, look: Look, signal: AbortSignal, server = this.#parts.serverName): Promise<boolean> {
    const before = await look();
    if (before === undefined) return false;
    const kinds = serverRepairs(before);
    for (const kind of kinds) {
      const { lines } = await this.#parts.repairs.repair(server, kind, signal);
      this.#parts.log.info('Something was done about a server.', { server, kind, came: lines.join('; ') });
    }
    const after = kinds.size > 0 ? await look() : before;
    if (after !== undefined && !signal.aborted) await this.#troubles.note(subject, server, after);
    return true;
  }
}
