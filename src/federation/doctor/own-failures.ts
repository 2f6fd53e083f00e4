import type { Clock } from '../../base/clock.ts';
import { DatabaseUnavailableError } from '../../db/database.ts';

/** What kept us from answering. */
export type FailureKind = 'disk' | 'locked' | 'connections' | 'memory' | 'database' | 'unknown';

export interface OwnFailure {
  readonly at: number;
  readonly request: string;
  readonly kind: FailureKind;
  readonly reason: string;
}

const MOST = 20;
const LONGEST_TEXT = 300;
/** What other servers ask for; they back off from whoever answers it with an error of 5xx. */
const OF_SERVERS = /^\/_matrix\/(federation|key)\//;

/** By the words and codes that SQLite, PostgreSQL and the system use. */
const KINDS: readonly (readonly [FailureKind, RegExp])[] = [
  ['disk', /ENOSPC|No space left|disk is full|\b53100\b/i],
  ['connections', /\b53300\b|no connection to PostgreSQL|too many (connections|clients)|when trying to connect/i],
  ['memory', /\b53200\b|out of memory/i],
  ['locked', /database is locked|SQLITE_BUSY/i],
];

/** Requests of other servers that we answered with 5xx since the start: how many, and the last of them. */
export class OwnFailures {
  readonly #clock: Clock;
  readonly #last: OwnFailure[] = [];
  #count = 0;

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#count;
  }

  /** The newest last. */
  get last(): readonly OwnFailure[] {
    return this.#last;
  }

  /** A request failed by an error of ours. */
  note(route: string, error: unknown): void {
    if (!OF_SERVERS.test(route)) return;
    this.#count++;
    const reason = String(error instanceof Error ? error.message : error).slice(0, LONGEST_TEXT);
    this.#last.push({ at: this.#clock.now(), request: route, kind: failureKind(error), reason });
    if (this.#last.length > MOST) this.#last.shift();
  }
}

/** Why something failed, by its words and those of what caused it. */
export function failureKind(error: unknown): FailureKind {
  const words: string[] = [];
  let isDatabase = false;
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth++) {
    words.push(each.message, String((each as NodeJS.ErrnoException).code ?? ''));
    isDatabase ||= each instanceof DatabaseUnavailableError;
  }
  const text = words.join(' ');
  const found = KINDS.find(([, pattern]) => pattern.test(text));
  return found?.[0] ?? (isDatabase ? 'database' : 'unknown');
}
