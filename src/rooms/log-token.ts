import { invalidParam } from '../core/matrix-error.ts';
import { SHARD_COUNT } from './shards.ts';

/**
 * A place in all logs at once: what `next_batch` of a sync says. Valid on every node and for ever. The positions are
 * written in base 36, the shards' first, then the user's, then the counter of typing notices with the run of the
 * process that it counts in (typing is in no log), then, where presence is switched on, the same for presence.
 */
export interface LogToken {
  readonly shards: readonly number[];
  readonly user: number;
  readonly typing: string;
  readonly presence?: string | undefined;
}

const PREFIX = 'c1';
const MOST_DIGITS = 11;

export function formatLogToken(token: LogToken): string {
  const numbers = [...token.shards, token.user].map(position => position.toString(36));
  const presence = token.presence === undefined ? [] : [token.presence];
  return [PREFIX, ...numbers, token.typing, ...presence].join('.');
}

/** @throws MatrixError M_INVALID_PARAM */
export function parseLogToken(text: string): LogToken {
  const [prefix, ...all] = text.split('.');
  const fields = all.slice(0, SHARD_COUNT + 1);
  const [typing, presence, ...more] = all.slice(SHARD_COUNT + 1);
  const counters = presence === undefined ? [typing] : [typing, presence];
  if (prefix !== PREFIX || typing === undefined || more.length > 0 || !counters.every(isCounter))
    throw invalidParam('That is not a token of this server.');
  const positions = fields.map(field => {
    if (!/^[0-9a-z]+$/.test(field) || field.length > MOST_DIGITS)
      throw invalidParam('That is not a token of this server.');
    return Number.parseInt(field, 36);
  });
  return { shards: positions.slice(0, SHARD_COUNT), user: positions[SHARD_COUNT] ?? 0, typing, presence };
}

/** Letters, digits, `_` and `-`: see `randomToken`. */
function isCounter(text: string | undefined): boolean {
  return text !== undefined && /^[\w-]{1,40}$/.test(text);
}

/** A place in one room's timeline: between the event at `pos` and the next. */
export function formatRoomToken(pos: number): string {
  return `t${pos}`;
}

/**
 * Reads a room's place from its own token or from that of a sync, sliding or not: what the former says besides stands
 * behind a tilde. @throws MatrixError M_INVALID_PARAM
 */
export function parseRoomToken(text: string, shard: number): number {
  if (text.startsWith(PREFIX)) return parseLogToken(text.split('~', 1)[0] ?? '').shards[shard] ?? 0;
  const pos = /^t(-?\d{1,15})$/.exec(text)?.[1];
  if (pos === undefined) throw invalidParam('That is not a token of this server.');
  return Number(pos);
}
