import assert from 'node:assert/strict';
import { type Api, type Loose, list, text } from './api.ts';
import type { Inspector } from './inspect.ts';
import { LedgerError } from './ledger.ts';
import type { Cast, Operation } from './operations.ts';
import type { InboxReader, RoomReader } from './reader.ts';

/** How much of a room is read at each restart; all of it is read now and then. */
const TAIL = 40;

export interface Witnesses {
  readonly cast: Cast;
  readonly rooms: RoomReader;
  readonly inbox: InboxReader;
  readonly inspector: Inspector;
}

/**
 * After a restart: everything acknowledged is there, by the token that was held before; what had no answer is asked
 * again in the same words and is there once after that.
 *
 * @throws LedgerError, AssertionError
 */
export async function checkAfterRestart(api: Api, dataDir: string, witnesses: Witnesses, unanswered: Operation[]) {
  const { cast, rooms, inbox, inspector } = witnesses;
  const { ledger } = cast;
  await rooms.syncAll(api);
  await inbox.syncAll(api);
  ledger.checkNothingLost();
  await inspector.check(dataDir);
  for (const operation of unanswered) await operation.run(api);
  await rooms.syncAll(api);
  await inbox.syncAll(api);
  ledger.checkNothingLost();
  for (const { key, seen, acknowledged } of ledger.attempts.values()) {
    if (!acknowledged || seen === undefined) throw new LedgerError(`${key} has not been done`);
  }
  await checkRoom(api, witnesses, cast.roomId, TAIL);
  await checkAccounts(api, cast, 2);
}

/** The whole of it: every room from its first event on, every file, every token. */
export async function checkEverything(api: Api, dataDir: string, witnesses: Witnesses): Promise<void> {
  const { cast, inspector } = witnesses;
  for (const roomId of cast.ledger.rooms.keys()) await checkRoom(api, witnesses, roomId, Number.POSITIVE_INFINITY);
  await checkInitialSync(api, witnesses);
  await checkAccounts(api, cast, Number.POSITIVE_INFINITY);
  await checkKeys(api, cast);
  await inspector.check(dataDir);
}

/** The last `count` events of a room, by `/messages`, in the order in which the reader was given them. */
async function checkRoom(api: Api, { cast, rooms }: Witnesses, roomId: string, count: number): Promise<void> {
  const { ledger } = cast;
  const expected = ledger.rooms.get(roomId)?.timeline ?? [];
  const found: Loose[] = [];
  let from: string | undefined;
  do {
    const query = { dir: 'b', limit: String(Math.min(count, 1000)), ...(from === undefined ? {} : { from }) };
    const page = await api.ok('GET', `/rooms/${roomId}/messages`, { token: rooms.user.token, query });
    found.push(...list(page.chunk));
    from = page.end === undefined ? undefined : text(page.end);
  } while (from !== undefined && found.length < count);
  const ids = found.map(event => text(event.event_id)).reverse();
  assert.deepEqual(ids, count === Number.POSITIVE_INFINITY ? expected : expected.slice(-ids.length), roomId);
  assert.ok(ids.length >= Math.min(count, expected.length));
  for (const event of found) checkRedacted(event, ledger.redacted);
}

function checkRedacted({ event_id, type, content }: Loose, redacted: ReadonlySet<string>): void {
  if (String(type) !== 'm.room.message' || !redacted.has(text(event_id))) return;
  assert.deepEqual(content, {}, `${event_id} is not redacted`);
}

/** A client that comes for the first time sees the same. */
async function checkInitialSync(api: Api, { cast: { ledger, roomId }, rooms }: Witnesses): Promise<void> {
  const filter = JSON.stringify({ room: { timeline: { limit: TAIL } } });
  const answer = await api.ok('GET', '/sync', { token: rooms.user.token, query: { filter, timeout: '0' } });
  for (const [id, { timeline }] of ledger.rooms) {
    const events = list(answer.rooms?.join?.[id]?.timeline?.events).map(event => text(event.event_id));
    assert.deepEqual(events, timeline.slice(-TAIL), `an initial sync of ${id}`);
  }
  const state = await api.ok('GET', `/rooms/${roomId}/joined_members`, { token: rooms.user.token });
  assert.equal(Object.keys(state.joined ?? {}).length, 4);
}

/** The newest `count` files and tokens, and what the account says. */
async function checkAccounts(api: Api, { ledger, alice, bob }: Cast, count: number): Promise<void> {
  const newest = <T>(all: Iterable<T>) => [...all].slice(-Math.min(count, 1e9));
  for (const [uri, file] of newest(ledger.media)) {
    const path = `/_matrix/client/v1/media/download/${uri.slice('mxc://'.length)}`;
    const { status, bytes } = await api.bytes('GET', path, { token: alice.token });
    if (status !== 200 || Buffer.compare(file, bytes) !== 0)
      throw new LedgerError(`the file ${uri} is lost (${status})`);
  }
  for (const token of newest(ledger.tokens)) {
    const who = await api.ok('GET', '/account/whoami', { token });
    assert.equal(who.user_id, bob.id);
  }
  const path = `/user/${alice.id}/account_data/org.example.crash`;
  const { status, body } = await api.answer('GET', path, { token: alice.token });
  const value = status === 200 ? text(body.value) : undefined;
  if (!ledger.accountData.includes(value)) throw new LedgerError(`account data is ${value}, not ${ledger.accountData}`);
}

/** What was uploaded is there until it is handed out; a claim without an answer may have cost a key. */
async function checkKeys(api: Api, { ledger, bob }: Cast): Promise<void> {
  const body = { one_time_keys: {} };
  const answer = await api.ok('POST', '/keys/upload', { token: bob.token, body });
  const left = Number(answer.one_time_key_counts?.curve25519 ?? 0);
  const most = ledger.uploadedKeys.size - ledger.claimedKeys.size;
  assert.ok(left <= most && left >= most - ledger.lostClaims, `${left} one-time keys are left of ${most}`);
}
