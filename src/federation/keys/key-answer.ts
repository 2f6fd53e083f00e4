import type { ServerName } from '../../core/ids.ts';
import { getInteger, type JsonObject } from '../../core/json.ts';
import { mergeServerKeys, type ServerKeys } from '../../core/server-keys.ts';
import type { Tx } from '../../db/database.ts';
import { answersOfServers, keysOfServers, upsertAnswer, upsertKeys } from './server-key.table.ts';

/** What a server published, checked by `readServerKeys`. */
export interface KeyAnswer {
  readonly server: ServerName;
  readonly json: JsonObject;
  readonly keys: ServerKeys;
  /** Whether it came from the server itself and not from a notary. */
  readonly isDirect: boolean;
}

export interface StoredAnswer {
  /** All keys now known of the server. */
  readonly keys: ServerKeys;
  /** IDs that the answer gave another key than the one known, which stays. */
  readonly conflicts: readonly string[];
}

/** Who changes keys so often does it to fill our disk. */
const MOST_KEYS = 500;

/**
 * Keeps an answer. A key ID never changes its key. A notary may repeat an old answer in all honesty, so one that is no
 * newer than what is known only adds keys: it cannot bring a key back that the server has given up since.
 */
export async function storeAnswer(tx: Tx, answer: KeyAnswer, now: number): Promise<StoredAnswer> {
  const { server, json, isDirect } = answer;
  const known = (await keysOfServers(tx, [server])).get(server) ?? new Map();
  const [last] = await answersOfServers(tx, [server]);
  const validUntil = getInteger(json, 'valid_until_ts') ?? 0;
  const isOld = !isDirect && last !== undefined && validUntil <= last.valid_until;
  const fresh = new Map(
    [...answer.keys].filter(([id]) => (known.has(id) ? !isOld : known.size < MOST_KEYS && isStorable(id))),
  );
  const { keys, conflicts } = mergeServerKeys(known, fresh);
  await upsertKeys(tx, server, fresh, now);
  if (!isOld)
    await upsertAnswer(tx, { server_name: server, json: JSON.stringify(json), fetched: now, valid_until: validUntil });
  return { keys, conflicts };
}

/** The specification says letters, digits and `_`; what is printable is taken, so that nobody's odd ID is lost. */
function isStorable(keyId: string): boolean {
  return /^[!-~]{1,128}$/.test(keyId);
}
