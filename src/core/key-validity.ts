import type { RoomVersion } from './room-versions.ts';

/** A published key is believed at most this far into the future (v5, "Signing key validity period"). */
export const MAX_KEY_VALIDITY_MS = 7 * 24 * 60 * 60 * 1000;

/** `valid_until_ts` as it may be used: at most seven days after `now`, when we received it. Milliseconds. */
export function cappedValidUntil(validUntilTs: number, now: number): number {
  return Math.min(validUntilTs, now + MAX_KEY_VALIDITY_MS);
}

/**
 * Whether a key may vouch for an event of `ts`. `validUntilTs` is what `cappedValidUntil` gave for a current key,
 * or `expired_ts` for an old one. Before version 5 validity was not looked at.
 */
export function keyValidAt(validUntilTs: number, ts: number, version: RoomVersion): boolean {
  return !version.enforceKeyValidity || validUntilTs >= ts;
}
