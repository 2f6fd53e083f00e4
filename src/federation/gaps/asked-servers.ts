import type { ServerName } from '../../core/ids.ts';
import { isObject, type Json } from '../../core/json.ts';
import type { HoleRow } from './holes.table.ts';

/**
 * What came of asking a server for an event: it has none, it could not answer, it gave the event without what redaction
 * takes, or the event cannot be checked now.
 */
export type AskedOutcome = 'none' | 'failed' | 'redacted' | 'unchecked';

/** Whom an event was asked of in this round, and what came of it. */
export type AskedServers = ReadonlyMap<ServerName, AskedOutcome>;

export function askedServers({ asked }: Pick<HoleRow, 'asked'>): AskedServers {
  const json = JSON.parse(asked) as Json;
  return new Map(isObject(json) ? (Object.entries(json) as [ServerName, AskedOutcome][]) : []);
}

export function askedText(asked: AskedServers): string {
  return JSON.stringify(Object.fromEntries(asked));
}

/** In the place of a server's name: what came of the round before. */
const EARLIER = '' as ServerName;

/** Everybody is asked anew; that somebody gave the event redacted, and nobody whole, is kept in mind. */
export function nextRound(asked: AskedServers): AskedServers {
  return new Map([...asked.values()].includes('redacted') ? [[EARLIER, 'redacted' as const]] : []);
}
