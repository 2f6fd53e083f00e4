/** Texts that come so often are worth a place in every connection. */
const OFTEN = 5;
/** Each connection keeps as many plans, of about 20 kB. */
const MOST_NAMES = 300;
/** How many texts are counted that have no name: those of lists of all lengths never get one. */
const MOST_COUNTED = 2000;

/**
 * Names for statements that come again and again: PostgreSQL reads and plans them once for each connection. There are
 * never more of them than a bound; what comes late has none.
 */
export class PreparedNames {
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  nameOf(text: string): string | undefined {
    const name = this.#names.get(text);
    if (name !== undefined || this.#names.size >= MOST_NAMES) return name;
    const count = (this.#counts.get(text) ?? 0) + 1;
    if (count < OFTEN) {
      if (this.#counts.size >= MOST_COUNTED) this.#counts.clear();
      this.#counts.set(text, count);
      return undefined;
    }
    this.#counts.delete(text);
    const given = `copse_${this.#names.size}`;
    this.#names.set(text, given);
    return given;
  }
}
