import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Database } from '../db/database.ts';
import { serverSecret } from './server-secret.table.ts';

export const AUTH_SESSION_MS = 15 * 60_000;

const EXPIRY_BYTES = 6;
const NONCE_BYTES = 8;
/** Length of a binding: see `bindingOf`. */
export const BINDING_BYTES = 16;
const SIGNED_BYTES = EXPIRY_BYTES + NONCE_BYTES + BINDING_BYTES;
const MAC_BYTES = 16;

/** `foreign`: a session of ours, but for another request. */
export type SessionVerdict = 'good' | 'foreign' | 'expired' | 'unknown';

/**
 * IDs of sessions of user-interactive authentication. An ID says by itself until when it holds and for which request,
 * under the server's signature: asking for one costs the server no memory, however often it is done.
 */
export class AuthSessionIds {
  readonly #parts: { readonly db: Database; readonly clock: Clock; readonly random: Random };
  #secret: Promise<Uint8Array> | undefined;

  constructor(parts: { readonly db: Database; readonly clock: Clock; readonly random: Random }) {
    this.#parts = parts;
  }

  async create(binding: Uint8Array): Promise<string> {
    const expiry = Buffer.alloc(EXPIRY_BYTES);
    expiry.writeUIntBE(this.#parts.clock.now() + AUTH_SESSION_MS, 0, EXPIRY_BYTES);
    const signed = Buffer.concat([expiry, this.#parts.random.bytes(NONCE_BYTES), binding]);
    return Buffer.concat([signed, await this.#mac(signed)]).toString('base64url');
  }

  /** `bindings`: the requests that it may be for. */
  async check(session: string, bindings: readonly Uint8Array[]): Promise<SessionVerdict> {
    const bytes = Buffer.from(session.slice(0, 200), 'base64url');
    if (bytes.length !== SIGNED_BYTES + MAC_BYTES || bytes.toString('base64url') !== session) return 'unknown';
    const signed = bytes.subarray(0, SIGNED_BYTES);
    if (!timingSafeEqual(await this.#mac(signed), bytes.subarray(SIGNED_BYTES))) return 'unknown';
    if (signed.readUIntBE(0, EXPIRY_BYTES) <= this.#parts.clock.now()) return 'expired';
    const binding = signed.subarray(EXPIRY_BYTES + NONCE_BYTES);
    return bindings.some(candidate => binding.equals(candidate)) ? 'good' : 'foreign';
  }

  async #mac(signed: Uint8Array): Promise<Buffer> {
    this.#secret ??= this.#loadSecret();
    return createHmac('sha256', await this.#secret)
      .update(signed)
      .digest()
      .subarray(0, MAC_BYTES);
  }

  #loadSecret(): Promise<Uint8Array> {
    const loading = serverSecret(this.#parts.db, 'auth_session', this.#parts.random.bytes(32));
    loading.catch(() => {
      this.#secret = undefined;
    });
    return loading;
  }
}
