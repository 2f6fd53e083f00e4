import { PROOF_OF_WORK } from '../../src/accounts/proof-of-work.ts';
import { KeyedQueue } from '../../src/base/keyed-queue.ts';
import { getObject, getString, type JsonObject } from '../../src/core/json.ts';
import { solveAsPage } from '../support/proof-of-work-page.ts';

/** Attempts that are under way at a time. */
export const SIDE_BY_SIDE = 10;
export const PASSWORD = 'a long password';
/** The account is made, and an administrator decides on it. */
const WAITS = '403 ORG.MATRIX.MSC3866_USER_AWAITING_APPROVAL';

export interface Attack {
  readonly url: string;
  readonly attempts: number;
  /** The address that attempt number `n` comes from. */
  readonly addressOf: (n: number) => string;
  /** Whether the attacker's script knows proof of work, with the code of the page itself. */
  readonly solves: boolean;
  /** What it says to the stage that is asked for where no work is. */
  readonly stage: JsonObject & { readonly type: string };
  /** How much processor time the attacker is willing to spend, in seconds. */
  readonly workBudget: number;
  /** Names begin with it. */
  readonly prefix: string;
}

export interface Tally {
  /** Accounts that were made, also those that wait until somebody lets them in. */
  readonly accounts: number;
  /** Attempts by what became of them: `200`, `429 M_LIMIT_EXCEEDED`, `401 io.copse.proof_of_work`. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Processor time the attacker spent on proof of work, in seconds, and the hashes it was spent on. */
  readonly workSeconds: number;
  readonly hashes: number;
  readonly mostBits: number;
  /** The longest `retry_after_ms` that an attempt was told. */
  readonly retryAfterMs: number | undefined;
}

/** One address for all. */
export function oneAddress(): string {
  return '203.0.113.7';
}

/** Each attempt from a network of its own, every other one over IPv6. */
export function manyAddresses(n: number): string {
  return n % 2 === 0 ? `198.${18 + (n >> 8)}.${n & 255}.7` : `2001:db8:${n.toString(16)}::7`;
}

/** Tries to make accounts as fast as the server answers. */
export async function signUp(attack: Attack): Promise<Tally> {
  const run = new Run(attack);
  const numbers = Array.from({ length: attack.attempts }, (_, n) => n).values();
  const worker = async () => {
    for (const n of numbers) await run.attempt(n);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  return run.tally;
}

class Run {
  readonly #attack: Attack;
  readonly #outcomes = new Map<string, number>();
  readonly #solving = new KeyedQueue();
  #workSeconds = 0;
  #hashes = 0;
  #mostBits = 0;
  #retryAfterMs: number | undefined;

  constructor(attack: Attack) {
    this.#attack = attack;
  }

  get tally(): Tally {
    return {
      accounts: (this.#outcomes.get('200') ?? 0) + (this.#outcomes.get(WAITS) ?? 0),
      outcomes: this.#outcomes,
      workSeconds: this.#workSeconds,
      hashes: this.#hashes,
      mostBits: this.#mostBits,
      retryAfterMs: this.#retryAfterMs,
    };
  }

  async attempt(n: number): Promise<void> {
    const asked = await this.#register(n, undefined);
    const session = getString(asked.body, 'session');
    let answer = asked;
    if (asked.status === 401 && session !== undefined) {
      const auth = wantsWork(asked.body) ? undefined : { ...this.#attack.stage, session };
      if (auth !== undefined) answer = await this.#register(n, auth);
      // It may be asked for by now.
      if (answer.status !== 200 && this.#attack.solves) answer = await this.#work(n, session, answer);
      if (answer.status !== 200 && this.#isSpent) answer = GAVE_UP;
    }
    const outcome = describe(answer);
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    const wait = answer.body.retry_after_ms;
    if (typeof wait === 'number') this.#retryAfterMs = Math.max(wait, this.#retryAfterMs ?? 0);
  }

  /** Works until the server is content, says something else, or the budget is spent. */
  async #work(n: number, session: string, refused: Answer): Promise<Answer> {
    let answer = refused;
    for (let from = 0; answer.status === 401 || answer.body.errcode === 'M_FORBIDDEN'; ) {
      const { bits } = getObject(getObject(answer.body, 'params') ?? {}, PROOF_OF_WORK) ?? { bits: 1 };
      this.#mostBits = Math.max(this.#mostBits, Number(bits));
      const nonce = await this.#solving.run('', () => this.#solve(session, Number(bits), from));
      if (nonce === undefined) return answer;
      from = Number(nonce);
      answer = await this.#register(n, { type: PROOF_OF_WORK, session, nonce });
    }
    return answer;
  }

  /** One at a time, so that the processor time of this process is that of the work. Undefined: the budget is spent. */
  async #solve(session: string, bits: number, from: number): Promise<string | undefined> {
    if (this.#isSpent) return undefined;
    const before = process.cpuUsage();
    const nonce = await solveAsPage(session, bits, from);
    const { user, system } = process.cpuUsage(before);
    this.#workSeconds += (user + system) / 1e6;
    this.#hashes += Number(nonce) - from + 1;
    return nonce;
  }

  get #isSpent(): boolean {
    return this.#workSeconds >= this.#attack.workBudget;
  }

  async #register(n: number, auth: JsonObject | undefined): Promise<Answer> {
    const { url, prefix, addressOf } = this.#attack;
    const body = { username: `${prefix}${n}`, password: PASSWORD, ...(auth !== undefined && { auth }) };
    const response = await fetch(`${url}/_matrix/client/v3/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': addressOf(n) },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as JsonObject };
  }
}

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

const GAVE_UP: Answer = { status: 0, body: { errcode: 'gave up' } };

/** Whether every way in leads through proof of work. */
function wantsWork(challenge: JsonObject): boolean {
  const flows = Array.isArray(challenge.flows) ? challenge.flows : [];
  return flows.length > 0 && flows.every(flow => JSON.stringify(flow).includes(PROOF_OF_WORK));
}

function describe({ status, body }: Answer): string {
  if (status === 200) return '200';
  return `${status} ${getString(body, 'errcode') ?? (wantsWork(body) ? PROOF_OF_WORK : 'another stage')}`;
}
