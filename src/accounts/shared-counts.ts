import { type Random, randomLetters } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';

export interface SharingParts {
  readonly bus: Bus;
  readonly random: Random;
}

/** Tells the other processes of what one has counted, and hears of theirs. What is lost is not counted there. */
export class SharedCounts {
  readonly #bus: Bus;
  readonly #subject: string;
  readonly #run: string;

  /** `heard` is given what another process told. */
  constructor({ bus, random }: SharingParts, subject: string, heard: (what: string) => void) {
    this.#bus = bus;
    this.#subject = subject;
    this.#run = randomLetters(random, 6);
    bus.subscribe(subject, message => {
      const at = message.indexOf(' ');
      if (message.slice(0, at) !== this.#run) heard(message.slice(at + 1));
    });
  }

  tell(what: string): void {
    this.#bus.publish(this.#subject, `${this.#run} ${what}`);
  }
}
