import { setTimeout } from 'node:timers/promises';
import type { LoadUser } from './load-user.ts';

const PATIENCE_MS = 10 * 60_000;
const PAUSE_MS = 200;
const LAZY = JSON.stringify({ room: { state: { lazy_load_members: true }, timeline: { limit: 50 } } });

/** A client of a community: it waits for what is new, and knows what it has not seen. */
export class CommunityClient {
  readonly #user: LoadUser;
  readonly #isToBeRepeated: (error: unknown) => boolean;
  readonly missing = new Set<string>();
  readonly wrong: string[] = [];
  #since = '';

  /** `isToBeRepeated`: what is no fault besides being sent away for a moment. */
  constructor(user: LoadUser, isToBeRepeated: (error: unknown) => boolean = () => false) {
    this.#user = user;
    this.#isToBeRepeated = isToBeRepeated;
  }

  async begin(): Promise<void> {
    this.#since = String((await patiently(() => this.#user.sync({ filter: LAZY }))).next_batch);
  }

  async poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const answer = await this.#user.sync({ since: this.#since, timeout: '10000', filter: LAZY });
        this.#since = String(answer.next_batch);
        const text = JSON.stringify(answer);
        for (const id of this.missing) if (text.includes(id)) this.missing.delete(id);
      } catch (error) {
        if (!/: 429 /.test(String(error)) && !this.#isToBeRepeated(error)) this.wrong.push(String(error));
        await setTimeout(500);
      }
    }
  }
}

/** @throws while members are still coming */
export function enough(there: number, wanted: number): void {
  if (there < wanted) throw new Error(`${there} of ${wanted}`);
}

/** A client that was told to come back does. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > end) throw error;
      await setTimeout(PAUSE_MS);
    }
  }
}
