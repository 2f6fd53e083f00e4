import { getArray, getObject, isObject, type JsonObject } from '../../src/core/json.ts';

/** Which events servers have brought to which others, to see whether one comes again and again. */
export class DeliveryRecord {
  readonly #counts = new Map<string, number>();
  /** By transaction the hashes of its events. */
  readonly #transactions = new Map<string, string>();
  /** Transaction IDs that were used for other events before. */
  readonly reused: string[] = [];

  /**
   * A transaction whose answer has arrived. `life` is the sender's: one that crashed may not know that it had one; undefined
   * where it cannot keep it either, and has to bring the events again.
   */
  note(
    life: AbortSignal | undefined,
    origin: string,
    destination: string,
    { uri, body }: { readonly uri: string; readonly body: Buffer },
  ): void {
    const pdus = getArray(JSON.parse(body.toString()) as JsonObject, 'pdus') ?? [];
    const transaction = `${origin} to ${destination} ${uri}`;
    // By their hashes: what was redacted meanwhile is still the same event.
    const events = JSON.stringify(pdus.map(pdu => isObject(pdu) && getObject(pdu, 'hashes')));
    const before = this.#transactions.get(transaction);
    if (before !== undefined && before !== events) this.reused.push(transaction);
    this.#transactions.set(transaction, events);
    if (life === undefined) return;
    for (const pdu of pdus) {
      const hashes = isObject(pdu) ? getObject(pdu, 'hashes') : undefined;
      // Poison that is no event comes from no queue.
      if (!isObject(pdu) || hashes === undefined) continue;
      const event = `${JSON.stringify(hashes)} ${pdu.depth}`;
      const key = `${origin} brought ${destination} (${lifeNumber(life)}) the event ${event}`;
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    }
  }

  /** What was brought more than once, although it was known to have arrived. */
  get repeated(): string[] {
    return [...this.#counts].filter(([, count]) => count > 1).map(([what, count]) => `${what} ${count} times`);
  }
}

const numbers = new WeakMap<AbortSignal, number>();
let lives = 0;

function lifeNumber(life: AbortSignal): number {
  const number = numbers.get(life) ?? ++lives;
  numbers.set(life, number);
  return number;
}
