import type { Budget } from '../../base/budget.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import type { Clock } from '../../base/clock.ts';
import { type Random, randomFraction } from '../../base/random.ts';
import { isResolvable, type ParsedServerName, parseServerName } from '../../core/ids.ts';
import { getString, isObject, JsonError, parseJson } from '../../core/json.ts';
import { reasonOf } from './errors.ts';
import type { HttpsAnswer, HttpsGet } from './https-get.ts';

/** What was asked of a host's `.well-known`, and what it said: a plain object that can be kept and replayed. */
export interface WellKnownFact {
  readonly what: 'well-known';
  /** Every URL that was asked; more than one after redirects. */
  readonly urls: readonly string[];
  readonly status: number | undefined;
  /** Where the host delegates to, when it validly does. */
  readonly delegatedTo: string | undefined;
  readonly error: string | undefined;
  /** Milliseconds since the epoch. */
  readonly askedAt: number;
  readonly validUntil: number;
}

export interface WellKnownParts {
  readonly get: HttpsGet;
  readonly clock: Clock;
  readonly random: Random;
  readonly budget: Budget;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SHORTEST_MS = MINUTE_MS;
const DEFAULT_MS = 24 * HOUR_MS;
const LONGEST_MS = 48 * HOUR_MS;
const ERROR_MS = HOUR_MS;
/** A host that did not answer at all may only be restarting: this long at first, doubled up to `ERROR_MS`. */
const SILENCE_MS = 5 * MINUTE_MS;
/** An address that stopped working is reason to look again this long after the last look. */
const DOUBTED_MS = 10 * MINUTE_MS;
const LIMITS = { maxBytes: 50 * 1024, timeoutMs: 10_000 };
const MOST_REDIRECTS = 5;

interface Entry {
  readonly fact: WellKnownFact;
  /** How often in a row the host did not answer. */
  readonly silences: number;
}

/**
 * Delegation by `https://<hostname>/.well-known/matrix/server` (server-server API, "Resolving server names", step 3),
 * cached as its headers say. A delegation that was valid lives on, up to 48 hours, while its host does not answer.
 */
export class WellKnownLookup {
  readonly #parts: WellKnownParts;
  readonly #cache: ByteCache<Entry>;

  constructor(parts: WellKnownParts) {
    this.#parts = parts;
    this.#cache = new ByteCache({
      name: 'federation_well_known',
      budget: parts.budget,
      weight: 30,
      sizeOf: ({ fact }) => 200 + 2 * JSON.stringify(fact).length,
    });
  }

  /** Never throws: a failure is a fact too. */
  async lookup(hostname: string): Promise<WellKnownFact> {
    const known = this.#cache.get(hostname);
    const now = this.#parts.clock.now();
    if (known !== undefined && known.fact.validUntil > now) return known.fact;
    const entry = await this.#ask(hostname, known, now);
    this.#cache.set(hostname, entry);
    return entry.fact;
  }

  /** What it said does not lead to a server: it is asked again soon. */
  doubt(hostname: string): void {
    const entry = this.#cache.get(hostname);
    if (entry === undefined) return;
    const validUntil = Math.min(entry.fact.validUntil, entry.fact.askedAt + DOUBTED_MS);
    this.#cache.set(hostname, { ...entry, fact: { ...entry.fact, validUntil } });
  }

  async #ask(hostname: string, known: Entry | undefined, now: number): Promise<Entry> {
    const urls: string[] = [];
    const fact = { what: 'well-known', urls, askedAt: now } as const;
    try {
      const answer = await this.#follow(new URL(`https://${hostname}/.well-known/matrix/server`), urls);
      const read = readDelegation(answer);
      const validUntil = now + (read.error === undefined ? lifetime(answer, now) : this.#jittered(ERROR_MS));
      return { fact: { ...fact, status: answer.status, ...read, validUntil }, silences: 0 };
    } catch (error) {
      const silences = (known?.silences ?? 0) + 1;
      const validUntil = now + this.#jittered(Math.min(SILENCE_MS * 2 ** (silences - 1), ERROR_MS));
      const last = known?.fact;
      // `askedAt` stays what it was, so that the old word dies 48 hours after it was given.
      if (last?.delegatedTo !== undefined && now < last.askedAt + LONGEST_MS)
        return { fact: { ...last, error: reasonOf(error), validUntil }, silences };
      return {
        fact: { ...fact, status: undefined, delegatedTo: undefined, error: reasonOf(error), validUntil },
        silences,
      };
    }
  }

  async #follow(start: URL, urls: string[]): Promise<HttpsAnswer> {
    for (let url = start; ; ) {
      urls.push(url.href.slice(0, 500));
      const answer = await this.#parts.get(url, LIMITS);
      const location = answer.header('location');
      if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
      if (urls.length > MOST_REDIRECTS) throw new WellKnownError('it leads from redirect to redirect');
      url = redirectTarget(location, url);
    }
  }

  #jittered(ms: number): number {
    return Math.round(ms * (0.8 + 0.2 * randomFraction(this.#parts.random)));
  }
}

class WellKnownError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WellKnownError';
  }
}

function redirectTarget(location: string, from: URL): URL {
  const url = URL.parse(location, from.href);
  if (url?.protocol !== 'https:') throw new WellKnownError('it redirects to what is not https');
  if (url.username !== '' || url.password !== '') throw new WellKnownError('it redirects to a URL with a user name');
  url.hash = '';
  return url;
}

function readDelegation(answer: HttpsAnswer): Pick<WellKnownFact, 'delegatedTo' | 'error'> {
  const invalid = (error: string) => ({ delegatedTo: undefined, error });
  if (answer.status !== 200) return invalid(`it answered with status ${answer.status}`);
  const name = serverMember(answer.body);
  if (name === undefined) return invalid('it answered with no JSON object that has a text m.server');
  if (parseDelegation(name) === undefined) return invalid('its m.server is no server name');
  return { delegatedTo: name, error: undefined };
}

/** The parts of a delegated name, when it is one that can be connected to. */
export function parseDelegation(name: string): ParsedServerName | undefined {
  const parsed = parseServerName(name);
  return parsed !== undefined && isResolvable(parsed) ? parsed : undefined;
}

function serverMember(body: Uint8Array): string | undefined {
  try {
    const json = parseJson(body, 'lenient');
    return isObject(json) ? getString(json, 'm.server') : undefined;
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

/** How long an answer holds by RFC 9111: `max-age`, else `Expires`, else a day; within our bounds. */
function lifetime(answer: HttpsAnswer, now: number): number {
  const stated = statedLifetime(answer, now);
  return Math.min(Math.max(stated ?? DEFAULT_MS, SHORTEST_MS), LONGEST_MS);
}

function statedLifetime(answer: HttpsAnswer, now: number): number | undefined {
  const control = answer.header('cache-control')?.toLowerCase() ?? '';
  if (/\bno-(store|cache)\b/.test(control)) return 0;
  const seconds = /(?:^|[\s,])max-age\s*=\s*"?(\d{1,12})/.exec(control)?.[1];
  if (seconds !== undefined) return Number(seconds) * 1000;
  const expires = answer.header('expires');
  if (expires === undefined) return undefined;
  // By the clock of who wrote it, where it says what that is. A date that is none is one that has passed.
  const at = Date.parse(expires);
  const date = Date.parse(answer.header('date') ?? '');
  return Number.isNaN(at) ? 0 : at - (Number.isNaN(date) ? now : date);
}
