import type { Clock } from '../../base/clock.ts';
import { encodeBase64 } from '../../core/base64.ts';
import type { Identity } from '../../core/identity.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ServerKey, ServerKeys } from '../../core/server-keys.ts';
import { signJson } from '../../core/signatures.ts';

/** A key that this server signed with until `expiredTs`, in milliseconds. */
export interface OldKey {
  /** With algorithm. */
  readonly keyId: string;
  readonly publicKey: Uint8Array;
  readonly expiredTs: number;
}

export interface PublishedKeysParts {
  readonly identity: Identity;
  readonly oldKeys: readonly OldKey[];
  readonly clock: Clock;
}

const VALID_MS = 24 * 60 * 60_000;
/** Signed anew so often, so that no answer has less than 23 hours left. */
const RENEWED_MS = 60 * 60_000;

/** This server's own keys, as it publishes them (server-server API, "Publishing Keys"). */
export class PublishedKeys {
  readonly #parts: PublishedKeysParts;
  #oldKeys: readonly OldKey[];
  #signed: { readonly at: number; readonly json: JsonObject } | undefined;

  constructor(parts: PublishedKeysParts) {
    this.#parts = parts;
    this.#oldKeys = parts.oldKeys;
  }

  /** Publishes an old key as well from now on. */
  add(old: OldKey): void {
    this.#oldKeys = [...this.#oldKeys.filter(({ keyId }) => keyId !== old.keyId), old];
    this.#signed = undefined;
  }

  /** The signed answer. */
  answer(): JsonObject {
    const now = this.#parts.clock.now();
    if (this.#signed === undefined || Math.abs(now - this.#signed.at) >= RENEWED_MS)
      this.#signed = { at: now, json: this.#sign(now) };
    return this.#signed.json;
  }

  /** The same keys for checking what this server has signed. */
  get keys(): ServerKeys {
    const { identity, clock } = this.#parts;
    const { keyId, publicKey } = identity.signingKey;
    const keys = new Map<string, ServerKey>();
    for (const old of this.#oldKeys)
      keys.set(old.keyId, { publicKey: old.publicKey, validUntilTs: old.expiredTs, current: false });
    return keys.set(keyId, { publicKey, validUntilTs: clock.now() + VALID_MS, current: true });
  }

  #sign(now: number): JsonObject {
    const { serverName, signingKey } = this.#parts.identity;
    const old = this.#oldKeys.filter(({ keyId }) => keyId !== signingKey.keyId);
    const json = {
      server_name: serverName,
      verify_keys: { [signingKey.keyId]: { key: encodeBase64(signingKey.publicKey) } },
      old_verify_keys: Object.fromEntries(
        old.map(({ keyId, publicKey, expiredTs }) => [keyId, { key: encodeBase64(publicKey), expired_ts: expiredTs }]),
      ),
      valid_until_ts: now + VALID_MS,
    };
    return signJson(json, serverName, signingKey);
  }
}
