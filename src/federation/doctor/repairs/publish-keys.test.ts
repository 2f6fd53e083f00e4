import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../../test/support/databases.ts';
import { identityOf } from '../../../../test/support/federation.ts';
import { HistoryWorld } from '../../../../test/support/history-world.ts';
import { TWO } from '../../../../test/support/remote-events.ts';
import { ALICE, say } from '../../../../test/support/rooms.ts';
import { encodeBase64 } from '../../../core/base64.ts';
import type { ServerName } from '../../../core/ids.ts';
import type { Json } from '../../../core/json.ts';
import { type OldKey, PublishedKeys } from '../../keys/published-keys.ts';
import { UnreachableError } from '../../transport/errors.ts';
import { gatherEventKeys, keysOn } from '../gather/event-keys.ts';
import { publishKeys } from './publish-keys.ts';

const never = new AbortController().signal;
const NOTARIES = ['dead.example', 'liar.example', TWO] as ServerName[];

/** We have said something, and lost the key that it is signed with. */
async function lostKey(t: Parameters<typeof HistoryWorld.start>[0], db: Parameters<typeof HistoryWorld.start>[1]) {
  const world = await HistoryWorld.start(t, db);
  const { here } = world;
  const room = await world.enter(await world.newRoom());
  const said = (await say(here, room, ALICE, 'ours')).event.id;
  const lost = here.signingKey;
  const rooms = { ...here, signingKey: identityOf(here.serverName, 99, 'ed25519:new').signingKey };
  const published = new PublishedKeys({ identity: rooms, oldKeys: [], clock: here.clock });
  const kept: OldKey[] = [];
  const repair = (keyAt: (server: string) => Uint8Array | undefined) => {
    const request = async (server: string): Promise<Json> => {
      const key = keyAt(server);
      if (key === undefined) throw new UnreachableError(server as ServerName, 'connect', 'it is dead');
      const entry = { key: encodeBase64(key), expired_ts: 1 };
      return { server_keys: [{ server_name: here.serverName, old_verify_keys: { [lost.keyId]: entry } }] };
    };
    const keepOldKey = (key: OldKey) => {
      kept.push(key);
      published.add(key);
    };
    return publishKeys(
      { rooms, client: { request: request as never }, notaries: NOTARIES, published, keepOldKey },
      never,
    );
  };
  return { rooms, published, lost, kept, repair, said };
}

onEachDatabase('an old key is published again when it fits what we signed, whoever says it', async (db, t) => {
  const { rooms, published, lost, kept, repair } = await lostKey(t, db);
  assert.deepEqual(
    (await gatherEventKeys(rooms, published.keys)).map(({ isPublished }) => isPublished),
    [false],
  );
  const lie = identityOf('liar.example', 5, 'ed25519:lie').signingKey.publicKey;
  const keys: Record<string, Uint8Array> = { 'liar.example': lie, [TWO]: lost.publicKey };
  const lines = await repair(server => keys[server]);
  assert.match(lines.join(), new RegExp(`^${TWO} has ${lost.keyId}, and it fits \\d+ events? of ours`));
  assert.deepEqual(
    kept.map(({ keyId }) => keyId),
    [lost.keyId],
  );
  assert.ok(Object.hasOwn(published.answer().old_verify_keys as object, lost.keyId));
  assert.deepEqual(
    (await gatherEventKeys(rooms, published.keys)).map(({ holds }) => holds),
    [true],
  );
  assert.deepEqual(await repair(() => undefined), ['all of our events that were looked at can be checked']);
});

onEachDatabase('what nobody has the key of is signed anew, and stays the same event', async (db, t) => {
  const { rooms, published, lost, kept, repair, said } = await lostKey(t, db);
  const before = await rooms.events.byId(db, said);
  const lie = identityOf('liar.example', 5, 'ed25519:lie').signingKey.publicKey;
  const lines = await repair(server => (server === 'dead.example' ? undefined : lie));
  assert.match(lines.join('; '), new RegExp(`nobody has the key ${lost.keyId}.*; signed \\d+ events? of ours anew$`));
  assert.deepEqual(kept, []);
  const after = await rooms.events.byId(db, said);
  assert.ok(before !== undefined && after !== undefined);
  assert.deepEqual({ ...after.event.pdu, signatures: {} }, { ...before.event.pdu, signatures: {} });
  assert.deepEqual(keysOn(after.event, rooms, published.keys), [
    { id: 'ed25519:new', fits: true },
    { id: lost.keyId, fits: null },
  ]);
  assert.deepEqual(
    (await gatherEventKeys(rooms, published.keys)).map(({ id }) => id),
    ['ed25519:new'],
  );
});
