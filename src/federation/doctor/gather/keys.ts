import { encodeBase64 } from '../../../core/base64.ts';
import type { ServerName } from '../../../core/ids.ts';
import {
  getArray,
  getInteger,
  getObject,
  getString,
  isObject,
  type Json,
  type JsonObject,
} from '../../../core/json.ts';
import { type ServerKeys, ServerKeysError } from '../../../core/server-keys.ts';
import type { Queryable } from '../../../db/database.ts';
import { fetchFromServer, type KeyFetchParts } from '../../keys/key-fetch.ts';
import { keysOfServers } from '../../keys/server-key.table.ts';
import { RefusedError, UnreachableError } from '../../transport/errors.ts';
import { path } from '../../transport/request-target.ts';
import type { KeyFacts, KeysFacts } from '../facts.ts';
import { twice } from './twice.ts';

export interface KeysParts extends KeyFetchParts {
  readonly db: Queryable;
  readonly notaries: readonly ServerName[];
}

export interface KeysQuestion {
  /** Whether the server answers: else it is asked once. */
  readonly isReached: boolean;
  /** How long after an answer without keys it is asked again. */
  readonly doubtMs: number;
}

const MOST_NOTARIES = 2;
const BY_NOTARY = { timeoutMs: 10_000, maxBytes: 256 * 1024 };

/**
 * The keys of a server: those that we know, those that it publishes, and what notaries say. One that is reached and does not
 * give them is asked again.
 */
export async function gatherKeys(
  parts: KeysParts,
  server: ServerName,
  { isReached, doubtMs }: KeysQuestion,
): Promise<KeysFacts> {
  const known = (await keysOfServers(parts.db, [server])).get(server) ?? new Map();
  const notaries = parts.notaries.filter(notary => notary !== server && notary !== parts.identity.serverName);
  const [own, ...others] = await Promise.all([
    twice(
      parts.clock,
      () => orError(async () => keyFacts((await fetchFromServer(parts, server)).keys)),
      ({ error }) => error === null || !isReached,
      doubtMs,
    ),
    ...notaries.slice(0, MOST_NOTARIES).map(notary => orError(() => byNotary(parts, notary, server))),
  ]);
  return {
    known: keyFacts(known),
    published: own?.found ?? null,
    error: own?.error ?? null,
    notaries: others.map(({ found, error }, at) => ({ notary: notaries[at] ?? '', keys: found, error })),
  };
}

export function keyFacts(keys: ServerKeys): KeyFacts[] {
  return [...keys].map(([id, { publicKey, validUntilTs, current }]) => ({
    id,
    key: encodeBase64(publicKey),
    validUntil: validUntilTs,
    isCurrent: current,
  }));
}

async function orError<T>(
  work: () => Promise<T>,
): Promise<{ readonly found: T | null; readonly error: string | null }> {
  try {
    return { found: await work(), error: null };
  } catch (error) {
    const isTheirs =
      error instanceof UnreachableError || error instanceof RefusedError || error instanceof ServerKeysError;
    if (!isTheirs) throw error;
    return { found: null, error: error.message };
  }
}

/** What a notary says is looked at, not believed: its signature does not count here. */
async function byNotary({ client }: KeysParts, notary: ServerName, server: ServerName): Promise<KeyFacts[]> {
  const answer = await client.request(notary, {
    method: 'GET',
    path: path`/_matrix/key/v2/query/${server}`,
    unsigned: true,
    ...BY_NOTARY,
  });
  const answers = isObject(answer) ? (getArray(answer, 'server_keys') ?? []) : [];
  const found = answers.filter(isObject).filter(each => getString(each, 'server_name') === server);
  if (found.length === 0) throw new ServerKeysError(`${notary} has no keys of ${server}`);
  return found.flatMap(listedKeys);
}

/** The keys that an answer lists; nothing of it is checked. */
export function listedKeys(answer: JsonObject): KeyFacts[] {
  const validUntil = getInteger(answer, 'valid_until_ts') ?? 0;
  const keysIn = (field: string, isCurrent: boolean) =>
    Object.entries(getObject(answer, field) ?? {}).flatMap(([id, entry]: [string, Json | undefined]) => {
      const key = isObject(entry) ? getString(entry, 'key') : undefined;
      const expired = isObject(entry) ? getInteger(entry, 'expired_ts') : undefined;
      return key === undefined ? [] : [{ id, key, validUntil: expired ?? validUntil, isCurrent }];
    });
  return [...keysIn('verify_keys', true), ...keysIn('old_verify_keys', false)];
}
