import type { EventId } from '../../core/ids.ts';
import { RefusedError, reasonOf, UnreachableError } from '../transport/errors.ts';

/** Events that belong to a state or its auth chain and could not be had. */
export class IncompleteStateError extends Error {
  constructor(missing: number) {
    super(`${missing} events of the state cannot be had or checked now`);
    this.name = 'IncompleteStateError';
  }
}

/** What an event builds on could not be had from anybody just now. */
export class GapError extends Error {
  constructor(eventId: EventId, cause: unknown) {
    super(`what ${eventId} builds on cannot be had: ${reasonOf(cause)}`, { cause });
    this.name = 'GapError';
  }
}

/** Whether something failed because of what another server did or did not give: asking a third may help. */
export function isOfPeer(error: unknown): boolean {
  return (
    error instanceof UnreachableError ||
    error instanceof RefusedError ||
    error instanceof IncompleteStateError ||
    error instanceof GapError
  );
}

/** What a server does not give is not had from it. */
export async function quietly<T, F>(answer: Promise<T>, otherwise: F): Promise<T | F> {
  try {
    return await answer;
  } catch (error) {
    if (isOfPeer(error)) return otherwise;
    throw error;
  }
}
