import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.ts';
import type { Config } from '../../src/config/schema.ts';
import type { Identity } from '../../src/core/identity.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { type Diagnosis, diagnose } from '../../src/federation/doctor/diagnose.ts';
import type { Facts } from '../../src/federation/doctor/facts.ts';
import type { Done } from '../../src/federation/doctor/report.ts';
import type { RepairKind } from '../../src/federation/doctor/verdict.ts';
import { askServer } from '../../src/main/control.ts';
import { TestAuthority } from '../support/certificates.ts';
import { FakeInternet } from '../support/fake-internet.ts';
import { identityOf } from '../support/federation.ts';
import { federationWith, trustIn } from '../support/federation-settings.ts';
import { DAY_MS, keyAnswer } from '../support/key-servers.ts';
import { type Client, type Lifetime, WholeServer } from '../support/whole-server.ts';
import { Front } from './front.ts';

export const US = 'us.test';
export const PEER = 'peer.test';
export const THIRD = 'third.test';

/** A server of the world, with what stands in front of it. */
export interface Site {
  readonly server: WholeServer;
  readonly front: Front;
  readonly user: Client;
}

const HEADERS = { authorization: 'Bearer operator', 'content-type': 'application/json' };
const SOON_MS = 15_000;
/** What is younger the doctor takes to be on its way. */
export const OLD_ENOUGH_MS = 11_000;

/**
 * Our server and another one, both whole, each behind a proxy of its own with TLS, on loopback; DNS, web pages and the
 * certificate authority are the world's. Both are in a room, and everything works until a fault is put in.
 */
export class DoctorWorld implements AsyncDisposable {
  readonly internet = new FakeInternet();
  /** Everybody believes it. */
  readonly authority = new TestAuthority();
  /** Our settings believe it, and nobody else's. */
  readonly privateAuthority = new TestAuthority('Private authority');
  readonly #stack = new AsyncDisposableStack();
  readonly #folder: string;
  #us: Site | undefined;
  #peer: Site | undefined;
  roomId = '';
  #seed = 70;
  #sent = 0;

  private constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'copse-doctor-'));
    this.#stack.defer(() => rmSync(this.#folder, { recursive: true, force: true }));
    writeFileSync(join(this.#folder, 'ca.pem'), this.authority.certificate);
    writeFileSync(join(this.#folder, 'private.pem'), this.privateAuthority.certificate);
    this.internet.known.push(this.authority.certificate);
  }

  /** `ours`: settings of our server that differ. */
  static async open(ours: Partial<Config> = {}): Promise<DoctorWorld> {
    const world = new DoctorWorld();
    const tls = world.#trustIn('ca.pem', 'private.pem');
    world.#us = await world.#site(US, 'alice', world.internet, { tls, ...ours });
    world.#peer = await world.#site(PEER, 'dora');
    world.roomId = await world.sharedRoom();
    return world;
  }

  get us(): Site {
    return this.#us ?? assert.fail('it is not there yet');
  }

  get peer(): Site {
    return this.#peer ?? assert.fail('it is not there yet');
  }

  /** A room of the peer that our user has come into, with a message of each that has arrived. */
  async sharedRoom(): Promise<string> {
    const made = await this.peer.user.ok('POST', '/v3/createRoom', { preset: 'public_chat' });
    const roomId = String(made.room_id);
    await this.us.user.ok('POST', `/v3/join/${encodeURIComponent(roomId)}?via=${PEER}`, {});
    const [ours, theirs] = [await this.say(this.us, 'hello', roomId), await this.say(this.peer, 'welcome', roomId)];
    await this.arrives(this.peer, ours, roomId);
    await this.arrives(this.us, theirs, roomId);
    return roomId;
  }

  async say(site: Site, body: string, roomId = this.roomId): Promise<string> {
    const path = `/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${this.#sent++}`;
    return String((await site.user.ok('PUT', path, { msgtype: 'm.text', body })).event_id);
  }

  async has(site: Site, eventId: string, roomId = this.roomId): Promise<boolean> {
    const path = `/v3/rooms/${encodeURIComponent(roomId)}/event/${encodeURIComponent(eventId)}`;
    return (await site.user.call('GET', path)).status === 200;
  }

  async arrives(site: Site, eventId: string, roomId = this.roomId): Promise<void> {
    await until(() => this.has(site, eventId, roomId), `${eventId} did not arrive`);
  }

  /** What has to end with the world. */
  defer(end: () => unknown): void {
    this.#stack.defer(async () => void (await end()));
  }

  /** Our name is delegated to another place from now on, and our settings say so. */
  delegateUs(to: string): void {
    this.#expected = to;
    this.internet.delegate(US, to);
  }
  #expected: string | undefined;

  /** A server by script: its version, its keys, and what `answering` says. It is in no room. */
  async scripted(name: string, answering?: Front['answering']): Promise<Front> {
    const identity = identityOf(name, this.#seed++, 'ed25519:script');
    const front = await this.#front(name, () => undefined);
    front.answering = (asked, answer) =>
      answering?.(asked, answer) === true || answersAsServer(identity, asked, answer);
    return front;
  }

  /** Changes a server's database while the server runs. */
  change(site: Site, statement: string, ...values: (string | number | null)[]): number {
    using database = opened(site);
    return Number(database.db.prepare(statement).run(...values).changes);
  }

  rows(site: Site, statement: string, ...values: (string | number | null)[]): readonly Record<string, unknown>[] {
    using database = opened(site);
    return database.db.prepare(statement).all(...values) as Record<string, unknown>[];
  }

  /** Somebody else holds a server's database, until the answer is called. */
  lock(site: Site): () => void {
    const { db } = opened(site);
    db.exec('begin immediate');
    return () => db.close();
  }

  async facts(servers: readonly string[] = [PEER], vantage?: string): Promise<Facts> {
    const asked = { servers: [...servers], ...(vantage !== undefined && { vantage }) };
    const facts = (await this.#ask('', asked)).facts as unknown as Facts;
    const { front } = facts.us;
    if (front === null || this.#expected === undefined) return facts;
    return { ...facts, us: { ...facts.us, front: { ...front, expected: this.#expected } } };
  }

  async diagnosis(servers?: readonly string[]): Promise<Diagnosis> {
    return diagnose(await this.facts(servers));
  }

  async repair(kind: RepairKind, server = PEER, site = this.us): Promise<Done> {
    return (await this.#ask(`/${server}/repair`, { kind }, site)) as unknown as Done;
  }

  /** Takes a room's state in as a server has it, as `--take-state` does. */
  async takeState(server = PEER, roomId = this.roomId): Promise<string> {
    const done = (await this.#ask(`/${server}/take_state`, { room_id: roomId })) as unknown as Done;
    return done.lines.join('\n');
  }

  /** A further server, whole, with a user. */
  async third(internet = this.internet): Promise<Site> {
    return this.#site(THIRD, 'tom', internet);
  }

  async #ask(path: string, body: JsonObject, site = this.us): Promise<JsonObject> {
    const asked = {
      method: 'POST',
      path: `/_synapse/admin/copse/v1/doctor/federation${path}`,
      headers: HEADERS,
      body: JSON.stringify(body),
    };
    const answer = await askServer(site.server.folder, asked);
    assert.equal(answer?.status, 200, answer?.text);
    return JSON.parse(answer?.text ?? '') as JsonObject;
  }

  async #site(name: string, username: string, internet = this.internet, more: Partial<Config> = {}): Promise<Site> {
    const lifetime: Lifetime = { after: end => this.#stack.defer(async () => void (await (end as () => unknown)())) };
    const front = await this.#front(name, () => server.url);
    const settings = { ...this.#settings(`https://${name}:${front.port}`), ...more };
    const server: WholeServer = new WholeServer(lifetime, systemClock, { name, internet, settings });
    await server.start();
    return { server, front, user: await server.user(username) };
  }

  #settings(url: string) {
    return {
      // Two servers share this process, and each counts all of it.
      memory: 1024 ** 3,
      tls: this.#trustIn('ca.pem'),
      allowed_private_addresses: { federation: ['127.0.0.0/8', '::1'], push: [], previews: [] },
      federation: federationWith({ vantage: true, retry: { initial: 1000, factor: 2, longest: 86_400_000 } }),
      public_base_url: url,
    };
  }

  #trustIn(...files: readonly string[]) {
    return trustIn(files.map(file => join(this.#folder, file)));
  }

  /** A proxy of a server, found by its name from now on. */
  async #front(name: string, upstream: () => string | undefined): Promise<Front> {
    const front = this.#stack.use(await Front.open(this.authority.issue({ names: [name] }), upstream));
    this.internet.addresses[name] = ['127.0.0.1'];
    this.internet.delegate(name, `${name}:${front.port}`);
    return front;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

function answersAsServer(identity: Identity, { url = '' }: IncomingMessage, answer: ServerResponse): true {
  const send = (status: number, body: unknown) =>
    void answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (url.startsWith('/_matrix/key/')) send(200, keyAnswer(identity, Date.now() + DAY_MS));
  else if (url === '/_matrix/federation/v1/version') send(200, { server: { name: 'Script', version: '1' } });
  else send(401, { errcode: 'M_UNAUTHORIZED', error: 'no' });
  return true;
}

function opened({ server }: Site): { readonly db: DatabaseSync } & Disposable {
  const db = new DatabaseSync(join(server.folder, 'copse.db'), { timeout: 5000 });
  return { db, [Symbol.dispose]: () => db.close() };
}

/** Whether a server comes to have all of some events. */
export async function hasAll(world: DoctorWorld, site: Site, ids: readonly string[]): Promise<boolean> {
  for (const id of ids) await world.arrives(site, id);
  return true;
}

export async function until(
  isSo: () => Promise<boolean> | boolean,
  otherwise: string,
  longestMs = SOON_MS,
): Promise<void> {
  const end = performance.now() + longestMs;
  while (!(await isSo())) {
    if (performance.now() > end) assert.fail(otherwise);
    await wait(20);
  }
}
