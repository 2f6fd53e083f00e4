import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TestClock } from '../../../test/support/accounts.ts';
import { AcmeServer } from '../../../test/support/acme-server.ts';
import { eventually } from '../../../test/support/bus.ts';
import { openSqlite } from '../../../test/support/databases.ts';
import { silentLog } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import { certificateRow } from '../../cli/certificate-text.ts';
import type { Database } from '../../db/database.ts';
import { AcmeFiles } from './acme-files.ts';
import { askOver } from './ask.ts';
import { CertificateRenewal } from './renewal.ts';
import { SharedCertificate } from './shared-certificate.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** An authority, and a server that answers its challenges and wants certificates. */
class Scene {
  readonly authority: AcmeServer;
  readonly clock = new TestClock();
  readonly challenges = new Map<string, string>();
  readonly warnings: string[] = [];
  readonly folder: string;
  readonly files: AcmeFiles;
  readonly renewal: CertificateRenewal;
  readonly #end = new AbortController();

  private constructor(authority: AcmeServer, folder: string, db: Database) {
    this.authority = authority;
    authority.now = () => this.clock.now();
    this.folder = folder;
    this.files = new AcmeFiles(folder);
    const warn = (message: string) => void this.warnings.push(message);
    this.renewal = new CertificateRenewal({
      ask: askOver([]),
      directory: `${authority.url}/directory`,
      email: 'admin@one.example',
      names: ['one.example', 'matrix.one.example'],
      certificate: new SharedCertificate({ db, files: this.files, secret: new Uint8Array(32), random: systemRandom }),
      accountKey: this.files.accountKey(),
      challenges: {
        keep: async (token, answer) => void this.challenges.set(token, answer),
        drop: async token => void this.challenges.delete(token),
      },
      clock: this.clock,
      random: systemRandom,
      log: { ...silentLog, warn },
    });
  }

  static async open(t: TestContext): Promise<Scene> {
    const authority = await new AcmeServer().start();
    const folder = mkdtempSync(join(tmpdir(), 'copse-acme-'));
    const database = await openSqlite();
    const scene = new Scene(authority, folder, database.db);
    const web = await answering(scene.challenges);
    authority.challengePort = (web.address() as AddressInfo).port;
    t.after(async () => {
      scene.#end.abort();
      web.close();
      await authority[Symbol.asyncDispose]().catch(() => undefined);
      await database[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    });
    return scene;
  }

  run(): void {
    void this.renewal.run(this.#end.signal);
  }

  /** Lets time go by until it is so, while it is waited for; the authority answers in real time, in which it stands still. */
  async until(isSo: () => boolean, step = 1000): Promise<void> {
    await eventually(() => {
      const { dueIn } = this.clock;
      if (!isSo() && dueIn.length > 0) this.clock.advance(Math.min(step, ...dueIn));
      return isSo();
    });
  }
}

async function answering(challenges: ReadonlyMap<string, string>): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = challenges.get(request.url?.split('/').at(-1) ?? '');
    response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return server;
}

test('a certificate is got, kept for its owner alone, and renewed after two thirds of its time', async t => {
  const scene = await Scene.open(t);
  const { authority, clock, files, renewal } = scene;
  files.standIn(['one.example'], clock.now());
  assert.deepEqual([files.facts()?.isStandIn, renewal.status.until], [true, undefined]);
  authority.badNonces = 2;
  scene.run();
  await scene.until(() => authority.issued === 1 && files.facts()?.isStandIn === false);
  const first = files.facts()!;
  assert.deepEqual(first.names, ['one.example', 'matrix.one.example']);
  assert.deepEqual(authority.contacts, [['mailto:admin@one.example']]);
  assert.equal(scene.challenges.size, 0, 'nothing is answered any more');
  assert.equal(statSync(join(scene.folder, 'acme')).mode & 0o777, 0o700);
  for (const file of readdirSync(join(scene.folder, 'acme')))
    assert.equal(statSync(join(scene.folder, 'acme', file)).mode & 0o777, 0o600, file);
  assert.match(certificateRow(renewal.status)[1], /^one\.example, matrix\.one\.example: good until 20\d\d-/);

  const began = clock.now();
  await scene.until(() => authority.issued === 2, 6 * 3_600_000);
  const days = (clock.now() - began) / DAY_MS;
  assert.ok(days > 90 * (2 / 3 - 1 / 30) - 1 && days < 90 * (2 / 3 + 1 / 30) + 1, `renewed after ${days} days`);
  await scene.until(() => (files.facts()?.until ?? 0) > first.until);
  assert.equal(authority.contacts.length, 1, 'under the same account');
});

test('a challenge that the authority cannot fetch is told in plain words, and tried again later', async t => {
  const scene = await Scene.open(t);
  const { authority, challenges } = scene;
  const port = authority.challengePort;
  authority.challengePort = 1;
  scene.run();
  await scene.until(() => scene.renewal.status.problem !== undefined);
  assert.match(
    scene.renewal.status.problem ?? '',
    /did not find this server at http:\/\/one\.example\/\.well-known\/acme-challenge\/: Invalid response: connection refused/,
  );
  assert.match(scene.warnings[0] ?? '', /tried again in 15 min/);
  assert.equal(challenges.size, 0);
  const tried = authority.orders.length;
  scene.clock.advance(14 * MINUTE_MS);
  assert.equal(authority.orders.length, tried, 'not before');
  authority.challengePort = port;
  await scene.until(() => authority.issued === 1, MINUTE_MS);
  await scene.until(() => scene.renewal.status.problem === undefined);
});

test('an authority that limits us is left alone for as long as it says, and one that is gone is asked again', async t => {
  const scene = await Scene.open(t);
  const { authority, clock } = scene;
  authority.refusal = { type: 'rateLimited', detail: 'too many certificates', retryAfter: 7200 };
  scene.run();
  await scene.until(() => scene.warnings.length === 1);
  assert.match(scene.warnings[0] ?? '', /too many certificates \(rateLimited\)\. It is tried again in 120 min/);
  authority.refusal = undefined;
  clock.advance(119 * MINUTE_MS);
  assert.equal(authority.orders.length, 0);
  const { port } = new URL(authority.url);
  await authority[Symbol.asyncDispose]();
  await scene.until(() => scene.warnings.length === 2, MINUTE_MS);
  assert.match(scene.warnings[1] ?? '', /127\.0\.0\.1:\d+ cannot be reached: (connect ECONNREFUSED|socket hang up)/);
  await authority.start(Number(port));
  await scene.until(() => authority.issued === 1, MINUTE_MS);
});
