const MIB = 1024 * 1024;

/** What a program that tries things found, told line by line. Its last line is `N passed, N failed`. */
export class Checks {
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  readonly check = (what: string, holds: boolean, facts: string): void => {
    if (holds) this.#passed++;
    else this.#failed++;
    console.log(`${holds ? 'ok    ' : 'FAILED'} ${what}: ${facts}`);
  };

  skip(): void {
    this.#skipped++;
  }

  /** Tells how many there were, and ends the program. */
  end(): never {
    const skipped = this.#skipped > 0 ? `, ${this.#skipped} skipped` : '';
    console.log(`${this.#passed} passed, ${this.#failed} failed${skipped}`);
    process.exit(this.#failed > 0 ? 1 : 0);
  }
}

/** Whole mebibytes, for people. */
export function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}
