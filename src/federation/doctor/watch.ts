import { type Clock, sleep } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { ServerName } from '../../core/ids.ts';
import { diagnose, type PeerDiagnosis } from './diagnose.ts';
import type { Doctor, Thoroughness } from './doctor.ts';
import type { Repairs } from './ports.ts';
import { type Finding, serverRepairs } from './verdict.ts';

export interface WatchParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly doctor: Pick<Doctor, 'examine' | 'ourselves'>;
  readonly repairs: Repairs;
  /** Servers with which something may be wrong, the most striking first. */
  readonly suspects: () => Promise<readonly ServerName[]>;
  /** Tells administrators; undefined where they do not want to be told. */
  readonly tell: ((text: string) => Promise<void>) | undefined;
}

/** Between two servers that are looked at, and until one is looked at again. */
const TURN_MS = 5 * 60_000;
const AGAIN_MS = 60 * 60_000;
/** At most one question a second. */
const GENTLE: Thoroughness = {
  rooms: 20,
  pauseMs: 1000,
  doubtMs: 1000,
  states: 0,
  withFront: false,
  withTransfer: false,
};
const MOST_REMEMBERED = 1000;
/** A server that is gone is nothing that anybody could mend: it is told of once a day, in the log. */
const GONE = 'D33';
const DAY_MS = 24 * 60 * 60_000;

type Seen = Pick<PeerDiagnosis, 'server' | 'findings'>;

interface Remembered {
  readonly lookedAt: number;
  /** What was found, and when it was told. */
  readonly causes: ReadonlyMap<string, number>;
}

/**
 * Looks at one server after the other with which something may be wrong, does what can be done, and tells of what is left:
 * once when it appears, and once when it is over.
 */
export class Watch {
  readonly #parts: WatchParts;
  readonly #remembered = new Map<ServerName, Remembered>();

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** Works until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    while (!signal.aborted) {
      await sleep(clock, TURN_MS, signal);
      if (signal.aborted) return;
      await this.turn(signal).catch((error: unknown) => log.error('Watching other servers failed.', { err: error }));
    }
  }

  /** Causes that were found and are not known to be over. */
  get open(): number {
    return [...this.#remembered.values()].reduce((sum, { causes }) => sum + causes.size, 0);
  }

  /** Looks at ourselves, and at one server. */
  async turn(signal: AbortSignal): Promise<void> {
    await this.#treat(async () => {
      const { us } = diagnose(await this.#parts.doctor.ourselves());
      this.#own = us.server;
      return us;
    }, signal);
    const server = await this.#next();
    if (server === undefined) return;
    const look = async () => diagnose(await this.#parts.doctor.examine([server], signal, GENTLE)).peers[0];
    await this.#treat(look, signal);
  }
  /** Our own name. */
  #own: string | undefined;

  /** Whose turn it is. */
  async #next(): Promise<ServerName | undefined> {
    const { clock, suspects } = this.#parts;
    const now = clock.now();
    const isDue = (server: ServerName) => (this.#remembered.get(server)?.lookedAt ?? 0) <= now - AGAIN_MS;
    // What was found is looked at again until it is over, also where nothing strikes any more.
    const found = [...this.#remembered].filter(([, { causes }]) => causes.size > 0).map(([server]) => server);
    return [...(await suspects()), ...found].find(server => server !== this.#own && isDue(server));
  }

  /** Does what can be done about what is found, looks again, and notes what is left. */
  async #treat(look: () => Promise<Seen | undefined>, signal: AbortSignal): Promise<void> {
    const before = await look();
    if (before === undefined) return;
    const server = before.server as ServerName;
    const kinds = serverRepairs(before.findings);
    for (const kind of kinds) {
      const { lines } = await this.#parts.repairs.repair(server, kind, signal);
      this.#parts.log.info('Something was done about a server.', { server, kind, came: lines.join('; ') });
    }
    const after = kinds.size > 0 ? await look() : before;
    if (after !== undefined && !signal.aborted) await this.#note(server, after);
  }

  async #note(server: ServerName, { findings }: Seen): Promise<void> {
    const now = this.#parts.clock.now();
    const known = this.#remembered.get(server)?.causes ?? new Map<string, number>();
    const causes = new Map<string, number>();
    for (const finding of findings.filter(({ because }) => because === undefined)) {
      const told = known.get(finding.cause);
      const isNews = told === undefined || (finding.cause === GONE && told <= now - DAY_MS);
      if (isNews) await this.#alarm(server, finding);
      causes.set(finding.cause, isNews ? now : (told ?? now));
    }
    for (const cause of known.keys())
      if (!causes.has(cause)) this.#parts.log.info('A trouble with a server is over.', { server, cause });
    this.#remember(server, { lookedAt: now, causes });
  }

  async #alarm(server: ServerName, { cause, title, effect, proof }: Finding): Promise<void> {
    const { log, tell } = this.#parts;
    log.warn('There is trouble with a server; `copse doctor federation` says more.', { server, cause, title, effect });
    if (cause === GONE) return;
    const text = `${server}: ${title} (${cause}). ${effect}. ${proof[0] ?? ''}\n\`copse doctor federation ${server}\` says more.`;
    await tell?.(text).catch((error: unknown) => log.warn('Administrators could not be told.', { err: error }));
  }

  #remember(server: ServerName, what: Remembered): void {
    this.#remembered.delete(server);
    this.#remembered.set(server, what);
    if (this.#remembered.size <= MOST_REMEMBERED) return;
    const [oldest] = this.#remembered.keys();
    if (oldest !== undefined) this.#remembered.delete(oldest);
  }
}
