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
