import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { ServerName } from '../../core/ids.ts';
import type { Finding } from './verdict.ts';

export interface TroublesParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
  /** Tells administrators; undefined where they do not want to be told. */
  readonly tell: ((text: string) => Promise<void>) | undefined;
}

/** Of what something was found: a server, or a side of our own that is looked at by itself. */
export type Subject = ServerName | 'our public name';

const MOST_REMEMBERED = 1000;
/** A server that is gone is nothing that anybody could mend: it is told of once a day, in the log. */
const GONE = 'D33';
const DAY_MS = 24 * 60 * 60_000;

interface Remembered {
  readonly lookedAt: number;
  /** What was found, and when it was told. */
  readonly causes: ReadonlyMap<string, number>;
}

/** What was found at the last look at each, told of once when it appears and in the log when it is over. */
export class Troubles {
  readonly #parts: TroublesParts;
  readonly #remembered = new Map<Subject, Remembered>();

  constructor(parts: TroublesParts) {
    this.#parts = parts;
  }

  /** Causes that were found and are not known to be over. */
  get open(): number {
    return [...this.#remembered.values()].reduce((sum, { causes }) => sum + causes.size, 0);
  }

  /** Those of which something is open. */
  get subjects(): readonly Subject[] {
    return [...this.#remembered].filter(([, { causes }]) => causes.size > 0).map(([subject]) => subject);
  }

  /** When it was looked at last; 0: never, as far as is remembered. */
  lookedAt(subject: Subject): number {
    return this.#remembered.get(subject)?.lookedAt ?? 0;
  }

  /** `server`: of whom is told. */
  async note(subject: Subject, server: ServerName, findings: readonly Finding[]): Promise<void> {
    const now = this.#parts.clock.now();
    const known = this.#remembered.get(subject)?.causes ?? new Map<string, number>();
    const causes = new Map<string, number>();
    for (const finding of findings.filter(({ because }) => because === undefined)) {
      const told = known.get(finding.cause);
      const isNews = told === undefined || (finding.cause === GONE && told <= now - DAY_MS);
      if (isNews) await this.#alarm(server, finding);
      causes.set(finding.cause, isNews ? now : (told ?? now));
    }
    for (const cause of known.keys())
      if (!causes.has(cause)) this.#parts.log.info('A trouble with a server is over.', { server, cause });
    this.#remember(subject, { lookedAt: now, causes });
  }

  async #alarm(server: ServerName, { cause, title, effect, proof }: Finding): Promise<void> {
    const { log, tell, serverName } = this.#parts;
    log.warn('There is trouble with a server; `copse doctor federation` says more.', { server, cause, title, effect });
    if (cause === GONE) return;
    const command = server === serverName ? 'copse doctor federation' : `copse doctor federation ${server}`;
    const text = `${server}: ${title} (${cause}). ${effect}. ${proof[0] ?? ''}\n\`${command}\` says more.`;
    await tell?.(text).catch((error: unknown) => log.warn('Administrators could not be told.', { err: error }));
  }

  #remember(subject: Subject, what: Remembered): void {
    this.#remembered.delete(subject);
    this.#remembered.set(subject, what);
    if (this.#remembered.size <= MOST_REMEMBERED) return;
    const [oldest] = this.#remembered.keys();
    if (oldest !== undefined) this.#remembered.delete(oldest);
  }
}
