/** The most that one transaction carries (server-server API, "Transactions"). */
export const MOST_PDUS = 50;
export const MOST_EDUS = 100;
export const MOST_ITEMS = MOST_PDUS + MOST_EDUS;
/** Bytes of a transaction, unless a single item is larger: many proxies take no body over 1 MiB. */
const MOST_BYTES = 900 * 1024;

/** Counts what is put into a transaction, and says what still fits. */
export class Draft {
  readonly #items: number;
  #pdus = 0;
  #edus = 0;
  #bytes = 0;
  #hasRefused = false;

  constructor(items: number) {
    this.#items = items;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get pdusLeft(): number {
    return Math.max(0, Math.min(MOST_PDUS - this.#pdus, this.#items - this.#pdus - this.#edus));
  }

  get edusLeft(): number {
    return Math.max(0, Math.min(MOST_EDUS - this.#edus, this.#items - this.#pdus - this.#edus));
  }

  /** Everything that was to go in did, and an EDU more could. */
  get isRoomy(): boolean {
    return !this.#hasRefused && this.edusLeft > 0;
  }

  /** Whether an event went in. */
  addPdu(bytes: number): boolean {
    if (this.pdusLeft === 0 || !this.#fits(bytes)) return this.#refuse();
    this.#pdus++;
    this.#bytes += bytes;
    return true;
  }

  /** Whether an EDU went in. */
  addEdu(bytes: number): boolean {
    if (this.edusLeft === 0 || !this.#fits(bytes)) return this.#refuse();
    this.#edus++;
    this.#bytes += bytes;
    return true;
  }

  #refuse(): false {
    this.#hasRefused = true;
    return false;
  }

  #fits(bytes: number): boolean {
    return this.#pdus + this.#edus === 0 || this.#bytes + bytes <= MOST_BYTES;
  }
}
