/** Numbers the changes of users and remembers the latest of them, to tell who changed since a number. */
export class ChangeLog {
  readonly #most: number;
  /** Users by number of the change, the oldest first; the last one has the number `serial`. */
  #changes: number[] = [];
  #serial = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get serial(): number {
    return this.#serial;
  }

  add(userNid: number): void {
    this.#serial++;
    this.#changes.push(userNid);
    if (this.#changes.length > 2 * this.#most) this.#changes = this.#changes.slice(-this.#most);
  }

  /** Who changed after a number; undefined when that is no longer known. */
  after(serial: number): Set<number> | undefined {
    const count = this.#serial - serial;
    if (count > this.#changes.length) return undefined;
    return new Set(count <= 0 ? [] : this.#changes.slice(-count));
  }
}
