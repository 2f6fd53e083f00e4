import assert from 'node:assert/strict';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import { systemRandom } from '../../src/base/random.ts';
import { loadConfig } from '../../src/config/load.ts';
import { compose } from '../../src/main/compose.ts';
import { Api, type Loose, list, text } from './api.ts';
import { Inspector } from './inspect.ts';
import { LedgerError } from './ledger.ts';
import type { Scene } from './scene.ts';

/** The names that had been in an answer when the power went. */
type Said = ReadonlySet<string>;

/**
 * Starts a server on what a power cut has left of a data folder and looks for what had been answered by then. Resolves
 * to how many things that were.
 *
 * @throws LedgerError, AssertionError when one of them is missing; what the start of the server throws
 */
export async function checkRemains(dataDir: string, scene: Scene, said: Said): Promise<number> {
  const config = loadConfig({ config: scene.config, data: dataDir, port: '0' });
  const environment = { clock: systemClock, random: systemRandom, log: silentLog, version: 'power cut' };
  await using server = await compose(config, { ...environment, metrics: new Metrics() });
  const api = new Api(server.listeners[0]?.url ?? '');
  await new Inspector().check(dataDir);
  const { ledger, alice } = scene.cast;
  // Before Alice had her token nothing can be asked.
  if (!said.has(alice.token)) return 0;
  let facts = 0;
  for (const [roomId, { timeline }] of ledger.rooms) facts += await checkTimeline(api, scene, said, roomId, timeline);
  facts += await checkFiles(api, scene, said);
  facts += await checkSessions(api, scene, said);
  facts += await checkAccountData(api, scene, said);
  facts += await checkInbox(api, scene, said);
  facts += await checkOneTimeKeys(api, scene, said);
  await checkWriting(api, scene);
  return facts;
}

/** The room has come to the point where it was, or a bit further: nothing in between is missing. */
async function checkTimeline(api: Api, { cast }: Scene, said: Said, roomId: string, timeline: readonly string[]) {
  const last = timeline.findLastIndex(id => said.has(id));
  if (last < 0 && !said.has(roomId)) return 0;
  const found: string[] = [];
  let from: string | undefined;
  do {
    const query = { dir: 'f', limit: '1000', ...(from === undefined ? {} : { from }) };
    const page = await api.ok('GET', `/rooms/${roomId}/messages`, { token: cast.alice.token, query });
    found.push(...list(page.chunk).map(event => text(event.event_id)));
    from = page.end === undefined ? undefined : text(page.end);
  } while (from !== undefined);
  assert.deepEqual(found, timeline.slice(0, found.length), `the order in ${roomId}`);
  if (found.length <= last)
    throw new LedgerError(`${roomId} ends ${last + 1 - found.length} answered events too early`);
  return timeline.filter(id => said.has(id)).length;
}

async function checkFiles(api: Api, { cast }: Scene, said: Said): Promise<number> {
  const known = [...cast.ledger.media].filter(([uri]) => said.has(uri));
  for (const [uri, file] of known) {
    const path = `/_matrix/client/v1/media/download/${uri.slice('mxc://'.length)}`;
    const { status, bytes } = await api.bytes('GET', path, { token: cast.alice.token });
    if (status !== 200 || Buffer.compare(file, bytes) !== 0)
      throw new LedgerError(`the file ${uri} is lost (${status})`);
  }
  return known.length;
}

async function checkSessions(api: Api, { cast }: Scene, said: Said): Promise<number> {
  const users = [cast.alice, ...cast.others].map(user => user.token);
  const known = [...users, ...cast.ledger.tokens].filter(token => said.has(token));
  for (const token of known) await api.ok('GET', '/account/whoami', { token });
  return known.length;
}

async function checkAccountData(api: Api, { cast: { alice } }: Scene, said: Said): Promise<number> {
  const newest = Math.max(-1, ...numbersOf(said, 'value'));
  if (newest < 0) return 0;
  const found = await api.ok('GET', `/user/${alice.id}/account_data/org.example.crash`, { token: alice.token });
  const value = text(found.value);
  if (Number(value.split(' ')[1]) < newest) throw new LedgerError(`account data went back to ${value}`);
  return 1;
}

async function checkInbox(api: Api, { cast: { bob } }: Scene, said: Said): Promise<number> {
  const known = [...said].filter(name => name.startsWith('message '));
  if (known.length === 0) return 0;
  const answer = await api.ok('GET', '/sync', { token: bob.token, query: { timeout: '0' } });
  const waiting = list(answer.to_device?.events).map(event => text(event.content?.key));
  assert.equal(new Set(waiting).size, waiting.length, 'a message to a device is there twice');
  for (const key of known) if (!waiting.includes(key)) throw new LedgerError(`${key} to a device is lost`);
  return known.length;
}

/** A key that was handed out before is not handed out again. */
async function checkOneTimeKeys(api: Api, { cast: { alice, bob } }: Scene, said: Said): Promise<number> {
  const claimed = [...said].filter(name => /^K\d+x/.test(name));
  if (claimed.length === 0) return 0;
  const body = { one_time_keys: { [bob.id]: { [bob.deviceId]: 'curve25519' } } };
  const answer: Loose = await api.ok('POST', '/keys/claim', { token: alice.token, body });
  const [key = ''] = Object.keys(answer.one_time_keys?.[bob.id]?.[bob.deviceId] ?? {});
  if (claimed.includes(key.slice('curve25519:'.length))) throw new LedgerError(`${key} was handed out twice`);
  return claimed.length;
}

/** The server is not only readable. */
async function checkWriting(api: Api, { cast: { alice } }: Scene): Promise<void> {
  const body = { preset: 'private_chat', name: 'after the power cut' };
  const { room_id } = await api.ok('POST', '/createRoom', { token: alice.token, body });
  const path = `/rooms/${text(room_id)}/send/m.room.message/after`;
  await api.ok('PUT', path, { token: alice.token, body: { msgtype: 'm.text', body: 'light' } });
}

function numbersOf(said: Said, word: string): number[] {
  return [...said].filter(name => name.startsWith(`${word} `)).map(name => Number(name.split(' ')[1]));
}
