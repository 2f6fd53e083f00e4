import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestClock } from '../../../test/support/accounts.ts';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { systemRandom } from '../../base/random.ts';
import type { Database } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { AcmeFiles, newKeys } from './acme-files.ts';
import { SharedCertificate } from './shared-certificate.ts';
import { selfSigned } from './signing-request.ts';
import { StoredChallenges } from './stored-challenges.ts';

const NAMES = ['one.example'];
const HOUR_MS = 3_600_000;

/** Processes of one server, each with a folder of its own. */
function processes(db: Database) {
  const root = mkdtempSync(join(tmpdir(), 'copse-acme-'));
  const process = (name: string, secret = 1) => {
    const folder = mkdtempSync(join(root, name));
    const files = new AcmeFiles(folder);
    const parts = { db, files, secret: new Uint8Array(32).fill(secret), random: systemRandom };
    return { files, certificate: new SharedCertificate(parts) };
  };
  return { process, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

onEachDatabase('all processes have one certificate, whoever got it, and tell why there is no newer one', async db => {
  using made = processes(db);
  const [a, b] = [made.process('a'), made.process('b')];
  const now = Date.now();
  await a.certificate.begin(NAMES, now);
  await b.certificate.begin(NAMES, now);
  assert.deepEqual(b.files.read(), a.files.read(), 'the stand-in is one');
  assert.equal(b.certificate.facts?.isStandIn, true);

  const keys = newKeys();
  await a.certificate.keep(selfSigned(['two.example'], keys, now), keys);
  await a.certificate.failed('too many');
  await b.certificate.follow();
  assert.deepEqual(b.files.read(), a.files.read());
  assert.deepEqual([b.certificate.facts?.names, b.certificate.problem], [['two.example'], 'too many']);
  const [row] = await db.all(sql`select chain, sealed_key from acme_certificate`);
  assert.ok(!JSON.stringify(row).includes('PRIVATE KEY'), 'the key stands there for nobody else');

  const stranger = made.process('c', 2);
  assert.equal(await stranger.certificate.follow(), false);
  await stranger.certificate.begin(NAMES, now);
  assert.deepEqual(stranger.certificate.facts?.names, NAMES, 'it helps itself');
});

onEachDatabase('a certificate that was there before several processes could have it is given to them', async db => {
  using made = processes(db);
  const [a, b] = [made.process('a'), made.process('b')];
  a.files.standIn(['old.example'], Date.now());
  await a.certificate.begin(NAMES, Date.now());
  await b.certificate.begin(NAMES, Date.now());
  assert.deepEqual(b.certificate.facts?.names, ['old.example']);
});

onEachDatabase('the authority is answered by any process, until it has asked or an hour is over', async db => {
  const clock = new TestClock();
  const [a, b] = [new StoredChallenges(db, clock), new StoredChallenges(db, clock)];
  for (const token of ['one', 'two']) await a.keep(token, `answer to ${token}`);
  assert.equal(await b.answerTo('one'), 'answer to one');
  await a.drop('one');
  assert.equal(await b.answerTo('one'), undefined);
  clock.advance(HOUR_MS + 1);
  await b.keep('three', 'answer to three');
  assert.deepEqual([await a.answerTo('two'), await a.answerTo('three')], [undefined, 'answer to three']);
  assert.equal(await a.answerTo('x'.repeat(10_000)), undefined);
});
