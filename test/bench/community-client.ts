import { setTimeout } from 'node:timers/promises';
import type { LoadUser } from './load-user.ts';
import { patiently } from './patiently.ts';

const LAZY = JSON.stringify({ room: { state: { lazy_load_members: true }, timeline: { limit: 50 } } });

/** What a community is in the benches, and what it is in their small forms. */
export function communityOf(isSmall: boolean) {
  return isSmall
    ? { sizes: [40, 43, 134], servers: 30, clients: 20 }
    : { sizes: [400, 430, 1340], servers: 300, clients: 100 };
}

const POLL_MS = 10_000;

export interface Nerves {
  /** What is no fault besides being sent away for a moment. */
  readonly isToBeRepeated?: (error: unknown) => boolean;
  /** It gives up an answer that is so late, in milliseconds, and asks again. */
  readonly patienceMs?: number;
}

/** A client of a community: it waits for what is new, and knows what it has not seen. */
export class CommunityClient {
  readonly #user: LoadUser;
  readonly #nerves: Nerves;
  readonly missing = new Set<string>();
  readonly wrong: string[] = [];
  #since = '';

  constructor(user: LoadUser, nerves: Nerves = {}) {
    this.#user = user;
    this.#nerves = nerves;
  }

  async begin(): Promise<void> {
    this.#since = String((await patiently(() => this.#user.sync({ filter: LAZY }))).next_batch);
  }

  async poll(signal: AbortSignal): Promise<void> {
    const { isToBeRepeated = () => false, patienceMs } = this.#nerves;
    const options = { timeout: String(POLL_MS), filter: LAZY };
    while (!signal.aborted) {
      const late = patienceMs === undefined ? undefined : AbortSignal.timeout(POLL_MS + patienceMs);
      try {
        const answer = await this.#user.sync({ since: this.#since, ...options }, late);
        this.#since = String(answer.next_batch);
        const text = JSON.stringify(answer);
        for (const id of this.missing) if (text.includes(id)) this.missing.delete(id);
      } catch (error) {
        const isExpected = late?.aborted === true || /: 429 /.test(String(error)) || isToBeRepeated(error);
        if (!isExpected) this.wrong.push(String(error));
        await setTimeout(500);
      }
    }
  }
}

/** @throws while members are still coming */
export function enough(there: number, wanted: number): void {
  if (there < wanted) throw new Error(`${there} of ${wanted}`);
}
