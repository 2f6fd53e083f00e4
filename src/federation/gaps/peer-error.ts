import { RefusedError, UnreachableError } from '../transport/errors.ts';

/** Events that belong to a state or its auth chain and could not be had. */
export class IncompleteStateError extends Error {
  constructor(missing: number) {
    super(`${missing} events of the state cannot be had or checked now`);
    this.name = 'IncompleteStateError';
  }
}

/** Whether something failed because of what another server did or did not give: asking a third may help. */
export function isOfPeer(error: unknown): boolean {
  return error instanceof UnreachableError || error instanceof RefusedError || error instanceof IncompleteStateError;
}
