import { type Clock, sleep } from '../base/clock.ts';
import type { Installed } from './install.ts';

export interface Following {
  /** The text that is to be there; undefined where nobody can tell, and all stays as it is. */
  readonly wanted: () => Promise<string | undefined>;
  readonly install: (text: string) => Promise<Installed>;
  /** Told what was done, and what went wrong. */
  readonly say: (words: string) => void;
  readonly clock: Clock;
}

/** What has died is noticed by the others in a few seconds; this is not to add much to that. */
const LOOK_MS = 1000;

const OUTCOMES: Readonly<Record<Installed, string>> = {
  unchanged: 'It is as it was: nothing is done.',
  reloaded: 'It is written, good, and taken up by a reload.',
  told: 'It is written, good, and taken up without a reload.',
  started: 'It is written, good, and running.',
};

/** What an operator reads. */
export function outcomeText(outcome: Installed): string {
  return OUTCOMES[outcome];
}

/** Puts in place what is wanted, whenever that is another than before, until `signal`. What goes wrong is tried again. */
export async function followFront({ wanted, install, say, clock }: Following, signal: AbortSignal): Promise<void> {
  let trouble = '';
  while (!signal.aborted) {
    try {
      const text = await wanted();
      const outcome = text === undefined ? 'unchanged' : await install(text);
      if (outcome !== 'unchanged') say(outcomeText(outcome));
      trouble = '';
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      // The same trouble is told once, not each second.
      if (words !== trouble) say(words);
      trouble = words;
    }
    await sleep(clock, LOOK_MS, signal);
  }
}
