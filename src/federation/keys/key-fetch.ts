import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Identity } from '../../core/identity.ts';
import { isServerName, type ServerName } from '../../core/ids.ts';
import { getArray, getString, isObject, type Json, type JsonObject } from '../../core/json.ts';
import { readServerKeys, type ServerKey, type ServerKeys, ServerKeysError } from '../../core/server-keys.ts';
import { signingKeyIds, verifyJson } from '../../core/signatures.ts';
import type { FederationClient } from '../transport/federation-client.ts';
import type { KeyAnswer } from './key-answer.ts';

/** A key that something was signed with, and when: the time of the event, or now for a request. Milliseconds. */
export interface WantedKey {
  readonly server: ServerName;
  /** With algorithm. */
  readonly keyId: string;
  readonly minValidUntil: number;
}

export interface KeyFetchParts {
  readonly identity: Identity;
  readonly client: Pick<FederationClient, 'request'>;
  readonly clock: Clock;
  readonly log: Log;
}

const DIRECT = { timeoutMs: 10_000, maxBytes: 64 * 1024 };
const BY_NOTARY = { timeoutMs: 20_000, maxBytes: 4 * 1024 * 1024 };

/** Asks a server for its keys (server-server API, "Publishing Keys"). @throws UnreachableError, RefusedError, ServerKeysError */
export async function fetchFromServer(
  { client, clock, identity }: KeyFetchParts,
  server: ServerName,
): Promise<KeyAnswer> {
  const json = await client.request(server, {
    method: 'GET',
    path: '/_matrix/key/v2/server',
    unsigned: true,
    ...DIRECT,
  });
  const keys = readServerKeys(json, server, clock.now(), identity.crypto);
  return { server, json: json as JsonObject, keys, isDirect: true };
}

/**
 * Asks a notary for keys of other servers (server-server API, "Querying Keys Through Another Server"). An answer counts
 * only when its server was asked for and both that server and the notary have signed it; others are passed over.
 *
 * @param notaryKeys the notary's own keys, from the notary itself
 * @throws UnreachableError, RefusedError, ServerKeysError
 */
export async function fetchFromNotary(
  parts: KeyFetchParts,
  notary: ServerName,
  notaryKeys: ServerKeys,
  wanted: readonly WantedKey[],
): Promise<KeyAnswer[]> {
  const json = await parts.client.request(notary, {
    method: 'POST',
    path: '/_matrix/key/v2/query',
    body: { server_keys: criteria(wanted) },
    unsigned: true,
    ...BY_NOTARY,
  });
  const answers = isObject(json) ? getArray(json, 'server_keys') : undefined;
  if (answers === undefined) throw new ServerKeysError(`${notary} answered without server_keys`);
  const asked = new Set(wanted.map(({ server }) => server));
  return answers.flatMap(each => {
    try {
      return [readNotarised(parts, each, notary, notaryKeys, asked)];
    } catch (error) {
      if (!(error instanceof ServerKeysError)) throw error;
      parts.log.debug(`An answer of the notary ${notary} is passed over: ${error.message}.`);
      return [];
    }
  });
}

function readNotarised(
  { identity, clock }: KeyFetchParts,
  json: Json,
  notary: ServerName,
  notaryKeys: ServerKeys,
  asked: ReadonlySet<ServerName>,
): KeyAnswer {
  const server = isObject(json) ? getString(json, 'server_name') : undefined;
  if (!isObject(json) || server === undefined || !isServerName(server) || !asked.has(server))
    throw new ServerKeysError('it is for no server that was asked for');
  const now = clock.now();
  const isUsable = (key: ServerKey | undefined) => key?.current === true && key.validUntilTs >= now;
  const signers = signingKeyIds(json, notary).filter(id => isUsable(notaryKeys.get(id)));
  const isNotarised = signers.some(id => verifyJson(json, notary, id, notaryKeys.get(id)!.publicKey, identity.crypto));
  if (!isNotarised) throw new ServerKeysError(`${notary} has not signed its answer for ${server}`);
  return { server, json, keys: readServerKeys(json, server, now, identity.crypto), isDirect: false };
}

function criteria(wanted: readonly WantedKey[]): JsonObject {
  const byServer = Map.groupBy(wanted, ({ server }) => server);
  return Object.fromEntries(
    [...byServer].map(([server, keys]) => [
      server,
      Object.fromEntries(keys.map(({ keyId, minValidUntil }) => [keyId, { minimum_valid_until_ts: minValidUntil }])),
    ]),
  );
}
