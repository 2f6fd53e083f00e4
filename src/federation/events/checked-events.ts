import { setImmediate } from 'node:timers/promises';
import type { EventCrypto } from '../../core/crypto.ts';
import { type Event, EventError, type ReadOptions, readEvent, redactedEvent } from '../../core/event.ts';
import { contentHashMatches, without } from '../../core/hashes.ts';
import type { ServerName } from '../../core/ids.ts';
import { isObject, type Json } from '../../core/json.ts';
import { keyValidAt } from '../../core/key-validity.ts';
import type { RoomVersion } from '../../core/room-versions.ts';
import { eventSignature, requiredSigners, type Signature, signingKeyIds } from '../../core/signatures.ts';
import type { WantedKey } from '../keys/key-fetch.ts';
import type { FoundKeys, KeyRing } from '../keys/key-ring.ts';

/**
 * An event from another server after checks 1 to 3 of server-server API, "Checks performed on receipt of a PDU".
 * `refused`: it breaks the format or is not signed as it has to be; nobody needs to see it again. `unverified`: a key is
 * missing that may be had later.
 */
export type CheckedEvent =
  | { readonly outcome: 'good'; readonly event: Event }
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'unverified'; readonly event: Event; readonly reason: string };

export interface CheckedEventsParts {
  readonly crypto: EventCrypto;
  readonly keyRing: Pick<KeyRing, 'keysFor'>;
  /** Verifies elsewhere than on this thread; with `crypto` unless given. */
  readonly verify?: ((signature: Signature) => Promise<boolean>) | undefined;
}

export interface VerifyOptions {
  /** A server that must have signed the events besides those that always must. */
  readonly alsoBy?: ServerName;
  /** Once it resolves no key is waited for any longer. */
  readonly enough?: Promise<unknown>;
}

/** So many events are read before others have their turn: some 5 ms. */
const AT_ONE_GO = 50;
/** So many events of a batch are got ready side by side: while some are verified, the next. */
const LANES = 4;

/** Keys of one server that are tried for one event: it could name thousands, each of which had to be asked for. */
const MOST_KEYS = 5;

/** Reads events from other servers and checks that they are what their senders made: the same for every way in. */
export class CheckedEvents {
  readonly #parts: CheckedEventsParts;

  constructor(parts: CheckedEventsParts) {
    this.#parts = parts;
  }

  /**
   * Format, content hash (an event that does not have the one it claims is taken redacted) and signatures, in the order
   * given. `unsigned` is dropped: it is the word of nobody. The keys of all are looked for at once.
   */
  async read(pdus: readonly Json[], version: RoomVersion): Promise<readonly CheckedEvent[]> {
    const read = await this.parse(pdus, version);
    const checked = await this.verify(read.flatMap(one => (one instanceof EventError ? [] : one)));
    let next = 0;
    return read.map(one => (one instanceof EventError ? { outcome: 'refused', reason: one.reason } : checked[next++]!));
  }

  /** Format and content hash alone. */
  async parse(pdus: readonly Json[], version: RoomVersion): Promise<(Event | EventError)[]> {
    const read: (Event | EventError)[] = [];
    for (const pdu of pdus) {
      // On the thread that answers everybody.
      if (read.length % AT_ONE_GO === AT_ONE_GO - 1) await setImmediate();
      read.push(readPdu(pdu, version, this.#parts.crypto));
    }
    return read;
  }

  /** The signatures of events whose format and hash were checked. */
  async verify(events: readonly Event[], { alsoBy, enough }: VerifyOptions = {}): Promise<readonly CheckedEvent[]> {
    const signers = events.map(
      event => new Set([...requiredSigners(event), ...(alsoBy === undefined ? [] : [alsoBy])]),
    );
    const wanted = events.flatMap((event, at) => wantedKeys(event, signers[at]!));
    const keys = await this.#parts.keyRing.keysFor(wanted, enough);
    const checked: CheckedEvent[] = [];
    const left = events.entries();
    const lane = async () => {
      for (const [at, event] of left) checked[at] = await this.#judge(event, signers[at]!, keys);
    };
    await Promise.all(Array.from({ length: Math.min(LANES, events.length) }, lane));
    return checked;
  }

  async #judge(event: Event, signers: Iterable<ServerName>, keys: FoundKeys): Promise<CheckedEvent> {
    let missing: string | undefined;
    for (const server of signers) {
      const found = await this.#signature(event, server, keys);
      if (found === 'wrong') return { outcome: 'refused', reason: `it has no valid signature of ${server}` };
      if (found === 'no key') missing = `the key with which ${server} signed it cannot be had`;
    }
    return missing === undefined ? { outcome: 'good', event } : { outcome: 'unverified', event, reason: missing };
  }

  /** Of all keys that are known and were valid then the signatures must hold; those of others count for nothing. */
  async #signature(event: Event, server: ServerName, keys: FoundKeys): Promise<'good' | 'wrong' | 'no key'> {
    let [isSigned, isMissing] = [false, false];
    for (const keyId of keyIdsOf(event, server)) {
      const key = keys.get(server, keyId);
      if (key === undefined || !keyValidAt(key.validUntilTs, event.ts, event.version)) isMissing ||= mayComeLater(key);
      else if (await this.#isGood(eventSignature(event, server, keyId, key.publicKey))) isSigned = true;
      else return 'wrong';
    }
    if (isSigned) return 'good';
    return isMissing ? 'no key' : 'wrong';
  }

  async #isGood(signed: Signature | undefined): Promise<boolean> {
    if (signed === undefined) return false;
    const { verify, crypto } = this.#parts;
    return verify === undefined
      ? crypto.verify(signed.publicKey, signed.message, signed.signature)
      : await verify(signed);
  }
}

/** The server may still say that its key is valid for longer; one that it has given up stays as it is. */
function mayComeLater(key: { readonly current: boolean } | undefined): boolean {
  return key === undefined || key.current;
}

/** Check 1, and check 3: what does not have the content hash that it claims counts redacted. */
export function readPdu(
  pdu: Json,
  version: RoomVersion,
  crypto: EventCrypto,
  options: ReadOptions = {},
): Event | EventError {
  try {
    const event = readEvent(isObject(pdu) ? without(pdu, ['unsigned']) : pdu, version, crypto, options);
    return isWhole(event, crypto) ? event : redactedEvent(event);
  } catch (error) {
    if (error instanceof EventError) return error;
    throw error;
  }
}

/** Whether an event has the content that its hash says, and not only what redaction leaves of it. */
export function isWhole(event: Event, crypto: EventCrypto): boolean {
  return contentHashMatches(event.pdu, event.version, crypto);
}

function keyIdsOf(event: Event, server: ServerName): string[] {
  return signingKeyIds(event.pdu, server).slice(0, MOST_KEYS);
}

function wantedKeys(event: Event, signers: Iterable<ServerName>): WantedKey[] {
  const minValidUntil = event.version.enforceKeyValidity ? event.ts : 0;
  return [...signers].flatMap(server => keyIdsOf(event, server).map(keyId => ({ server, keyId, minValidUntil })));
}
