const BITS = 8;
const CHUNK_BYTES = 512;
const CHUNK = CHUNK_BYTES * BITS;

/** A set of integers of any size, one bit each where they are dense: a million page ids in about 1 MB. */
export class NumberSet {
  readonly #chunks = new Map<number, Uint8Array>();

  has(value: number): boolean {
    const at = value % CHUNK;
    return (((this.#chunks.get(Math.floor(value / CHUNK))?.[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
  }

  /** Whether the value was new. */
  add(value: number): boolean {
    if (this.has(value)) return false;
    const chunk = Math.floor(value / CHUNK);
    let bits = this.#chunks.get(chunk);
    if (bits === undefined) {
      bits = new Uint8Array(CHUNK_BYTES);
      this.#chunks.set(chunk, bits);
    }
    const at = value % CHUNK;
    bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
    return true;
  }

  /** All of them, from the smallest on. */
  *values(): Generator<number, void> {
    for (const [chunk, bits] of [...this.#chunks].sort(([a], [b]) => a - b)) {
      for (let at = 0; at < CHUNK; at++) {
        if ((((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1) yield chunk * CHUNK + at;
      }
    }
  }
}
