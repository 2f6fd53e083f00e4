/** A certificate could not be had: the message says why, in words for who runs the server. */
export class AcmeError extends Error {
  /** What the authority calls it (RFC 8555, section 6.7), without the prefix; undefined where it did not answer. */
  readonly kind: string | undefined;
  /** The authority wants to be left alone for so long. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { kind, retryAfterMs, cause }: AcmeErrorFacts = {}) {
    super(message, { cause });
    this.name = 'AcmeError';
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface AcmeErrorFacts {
  readonly kind?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}
