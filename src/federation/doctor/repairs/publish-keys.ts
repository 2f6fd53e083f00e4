import { decodeBase64 } from '../../../core/base64.ts';
import type { Event } from '../../../core/event.ts';
import type { ServerName } from '../../../core/ids.ts';
import { getArray, isObject } from '../../../core/json.ts';
import { verifyEventSignature } from '../../../core/signatures.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { serversSharing } from '../../../rooms/room-domains.table.ts';
import { isOfPeer } from '../../gaps/peer-error.ts';
import type { OldKey, PublishedKeys } from '../../keys/published-keys.ts';
import type { FederationClient } from '../../transport/federation-client.ts';
import { keysOn, ownEvents } from '../gather/event-keys.ts';
import { listedKeys } from '../gather/keys.ts';
import { countText } from '../words.ts';
import { signAnew } from './sign-anew.ts';

export interface KeyParts {
  readonly rooms: RoomsParts;
  readonly client: Pick<FederationClient, 'request'>;
  readonly notaries: readonly ServerName[];
  readonly published: Pick<PublishedKeys, 'keys'>;
  /** Publishes an old key from now on, also after a start. */
  readonly keepOldKey: (key: OldKey) => void;
}

const ASKING = { method: 'POST', unsigned: true, timeoutMs: 10_000, maxBytes: 256 * 1024 } as const;
const MOST_ASKED = 12;

/**
 * Finds the keys that our own events are signed with and that we do not publish, at those who have checked such events, and
 * publishes them. Whoever says what such a key is need not be believed: it has to fit our events. Events whose key nobody
 * has, or that another one under the same ID has taken the place of, are signed anew.
 */
export async function publishKeys(parts: KeyParts, signal: AbortSignal): Promise<string[]> {
  const lost = await unchecked(parts);
  if (lost.size === 0) return ['all of our events that were looked at can be checked'];
  const lines: string[] = [];
  let isLeft = false;
  for (const [keyId, events] of lost) {
    const found = parts.published.keys.has(keyId) ? undefined : await findKey(parts, keyId, events, signal);
    if (found === undefined) {
      lines.push(`nobody has the key ${keyId} that fits our events`);
      isLeft = true;
      continue;
    }
    // Which event was the last that it signed, some of them do not tell; none is later than now.
    parts.keepOldKey({ keyId, publicKey: found.publicKey, expiredTs: parts.rooms.clock.now() });
    lines.push(
      `${found.server} has ${keyId}, and it fits ${countText(events.length, 'event')} of ours: published as an old key`,
    );
  }
  return isLeft ? [...lines, ...(await signAnew(parts, signal))] : lines;
}

/** Some events of each key that nobody can check with what we publish. */
async function unchecked({ rooms, published: { keys } }: KeyParts): Promise<Map<string, Event[]>> {
  const found = new Map<string, Event[]>();
  for await (const event of ownEvents(rooms)) {
    const signed = keysOn(event, rooms, keys);
    if (signed.some(({ fits }) => fits === true)) continue;
    for (const { id } of signed) found.set(id, [...(found.get(id) ?? []), event]);
  }
  return found;
}

interface FoundKey {
  readonly server: ServerName;
  readonly publicKey: Uint8Array;
}

async function findKey(
  parts: KeyParts,
  keyId: string,
  events: readonly Event[],
  signal: AbortSignal,
): Promise<FoundKey | undefined> {
  const { serverName, crypto } = parts.rooms;
  for (const server of await whomToAsk(parts)) {
    if (signal.aborted) return undefined;
    for (const { id, key } of await keysAt(parts, server, keyId, signal)) {
      const publicKey = id === keyId ? decodeBase64(key) : undefined;
      if (publicKey?.length !== 32) continue;
      if (events.every(event => verifyEventSignature(event, serverName, keyId, publicKey, crypto)))
        return { server, publicKey };
    }
  }
  return undefined;
}

/** Notaries, and those that we share most rooms with. */
async function whomToAsk({ rooms, notaries }: KeyParts): Promise<ServerName[]> {
  const own = await rooms.nids.domains.findOne(rooms.db, rooms.serverName);
  const sharing = own === undefined ? [] : (await serversSharing(rooms.db, own)).slice(0, MOST_ASKED);
  const names = await rooms.nids.domains.names(rooms.db, sharing);
  const others = sharing.flatMap(nid => (names.get(nid) as ServerName | undefined) ?? []);
  return [...new Set([...notaries, ...others])].filter(server => server !== rooms.serverName).slice(0, MOST_ASKED);
}

async function keysAt({ rooms, client }: KeyParts, server: ServerName, keyId: string, signal: AbortSignal) {
  const wanted = { [rooms.serverName]: { [keyId]: { minimum_valid_until_ts: 0 } } };
  try {
    const body = { server_keys: wanted };
    const answer = await client.request(server, { ...ASKING, path: '/_matrix/key/v2/query', body, signal });
    return (isObject(answer) ? (getArray(answer, 'server_keys') ?? []) : []).filter(isObject).flatMap(listedKeys);
  } catch (error) {
    if (!isOfPeer(error)) throw error;
    return [];
  }
}
