import type { Signature } from '../../core/signatures.ts';

/** Verifies one signature on another thread. */
export type VerifyElsewhere = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => Promise<boolean>;

/**
 * Verifies signatures on threads that others need as well (files, names, passwords), so only a few at a time. Who asks for
 * one waits for it before asking for the next, so that the line is as long as there are batches under way.
 */
export class SignaturePool {
  readonly #verify: VerifyElsewhere;
  readonly #atOnce: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** `cores`: of the machine; one is left to everything else. */
  constructor(verify: VerifyElsewhere, cores: number) {
    this.#verify = verify;
    this.#atOnce = Math.min(Math.max(cores - 1, 1), 3);
  }

  readonly verify = async ({ publicKey, message, signature }: Signature): Promise<boolean> => {
    if (this.#running < this.#atOnce) this.#running++;
    else await new Promise<void>(resolve => this.#waiting.push(resolve));
    try {
      return await this.#verify(publicKey, message, signature);
    } finally {
      // The place goes on to the next in line.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  };
}
