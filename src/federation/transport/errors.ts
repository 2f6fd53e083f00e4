import type { ServerName } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';

/**
 * How far a request to another server came before it failed: our own rules forbade it, the name breaks the grammar,
 * DNS had no address, no address took a connection, TLS failed, or what came back was no answer in HTTP and JSON.
 */
export type Stage = 'policy' | 'name' | 'dns' | 'connect' | 'tls' | 'http';

/** Another server could not be asked, or its answer is none. Trying again later may help, except after `policy` and `name`. */
export class UnreachableError extends Error {
  readonly server: ServerName;
  readonly stage: Stage;

  constructor(server: ServerName, stage: Stage, message: string, cause?: unknown) {
    super(`${server} cannot be reached: ${message}`, { cause });
    this.name = 'UnreachableError';
    this.server = server;
    this.stage = stage;
  }
}

/** Another server, or a proxy in front of it, answered with a status other than 2xx. */
export class RefusedError extends Error {
  readonly server: ServerName;
  readonly status: number;
  /** Undefined when the answer was no Matrix error: a proxy's page, say. */
  readonly errcode: string | undefined;
  /** From `retry_after_ms` or the header `Retry-After`. */
  readonly retryAfterMs: number | undefined;
  readonly body: JsonObject;

  constructor(
    server: ServerName,
    refusal: Pick<RefusedError, 'status' | 'errcode' | 'retryAfterMs' | 'body'> & { readonly message: string },
  ) {
    super(`${server} refused with ${refusal.status}: ${refusal.message}`);
    this.name = 'RefusedError';
    this.server = server;
    this.status = refusal.status;
    this.errcode = refusal.errcode;
    this.retryAfterMs = refusal.retryAfterMs;
    this.body = refusal.body;
  }
}

/** The words for people of whatever was thrown, with the system's code where there is one. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  return code === undefined || error.message.includes(code) ? error.message : `${error.message} (${code})`;
}
