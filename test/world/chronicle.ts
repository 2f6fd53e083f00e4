import { hash } from 'node:crypto';

/** Everything that is to be seen of a world, in its order: two runs of a seed must not differ in a line. */
export class Chronicle {
  readonly #keep: string[] | undefined;
  #digest = '';

  /** `keep`: takes the lines, for somebody who wants to see where two runs part. */
  constructor(keep?: string[]) {
    this.#keep = keep;
  }

  note(line: string): void {
    this.#digest = hash('sha256', `${this.#digest}\n${line}`);
    this.#keep?.push(line);
  }

  /** What all lines come to. */
  get digest(): string {
    return this.#digest;
  }
}
