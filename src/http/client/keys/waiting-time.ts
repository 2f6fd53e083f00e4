import { Type } from '../../../base/schema.ts';

const DEFAULT_MS = 10_000;
const LONGEST_MS = 30_000;

/** `timeout` of a body: how long to wait for other servers, in milliseconds. */
export const Timeout = Type.Optional(Type.Number());

/** The timeout cut to what this server is willing to wait. */
export function waitingTime(timeout: number | undefined): number {
  return Math.min(Math.max(timeout ?? DEFAULT_MS, 0), LONGEST_MS);
}
