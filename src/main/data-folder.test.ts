import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { NOBODY, printedForUser, skipWithoutUser } from '../../test/support/other-user.ts';
import { systemRandom } from '../base/random.ts';
import { DataFolderError, isDataFolder, newSecrets, openDataFolder } from './data-folder.ts';
import { lockFolder } from './folder-lock.ts';

function place(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'copse-folder-'));
  t.after(() => rmSync(made, { recursive: true }));
  return join(made, 'deep', 'data');
}

test('N211 the first start makes a folder and files that nobody else can read', t => {
  const path = place(t);
  assert.equal(isDataFolder(path), false);
  const folder = openDataFolder(path, 'example.org', systemRandom);
  assert.equal(folder.isNew, true);
  assert.equal(folder.serverName, 'example.org');
  assert.equal(statSync(path).mode & 0o777, 0o700);
  for (const file of readdirSync(path)) assert.equal(statSync(join(path, file)).mode & 0o777, 0o600, file);
  assert.match(readFileSync(join(path, 'signing.key'), 'utf8'), /^ed25519 a_[A-Za-z]{4} [A-Za-z0-9+/]{43}\n$/);
});

test('N211 what a backup has left open is closed again', t => {
  const path = place(t);
  openDataFolder(path, 'example.org', systemRandom);
  chmodSync(path, 0o755);
  for (const file of ['signing.key', 'secrets.json']) chmodSync(join(path, file), 0o644);
  openDataFolder(path, undefined, systemRandom);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  for (const file of ['signing.key', 'secrets.json']) assert.equal(statSync(join(path, file)).mode & 0o777, 0o600);
});

/** What a user is told who opens the folder. */
function saidToUser(path: string): string {
  return printedForUser(`const { openDataFolder } = await import(${JSON.stringify(import.meta.resolve('./data-folder.ts'))});
    const { systemRandom } = await import(${JSON.stringify(import.meta.resolve('../base/random.ts'))});
    try { openDataFolder(${JSON.stringify(path)}, undefined, systemRandom); console.log('opened'); }
    catch (error) { console.log(error.name, error.message); }`);
}

test('what root put back from a backup is told before anything starts', {
  skip: skipWithoutUser,
}, t => {
  const path = place(t);
  openDataFolder(path, 'example.org', systemRandom);
  writeFileSync(join(path, 'copse.db'), '');
  if (process.getuid?.() === 0) {
    for (const file of [join(path, '../..'), join(path, '..'), path]) chownSync(file, NOBODY, NOBODY);
    for (const file of readdirSync(path)) chownSync(join(path, file), NOBODY, NOBODY);
  }
  assert.equal(saidToUser(path), 'opened\n');
  chmodSync(join(path, 'copse.db'), 0o400);
  assert.match(saidToUser(path), /^DataFolderError .*copse\.db has to belong to .*EACCES.*chown -R USER/);
  chmodSync(join(path, 'copse.db'), 0o600);
  if (process.getuid?.() !== 0) return;
  chownSync(join(path, 'secrets.json'), 0, 0);
  chmodSync(join(path, 'secrets.json'), 0o644);
  assert.match(saidToUser(path), /^DataFolderError .*secrets\.json has to belong to .*EPERM/);
});

test('the second start finds the same keys and secrets; another installation has others', t => {
  const path = place(t);
  const first = openDataFolder(path, 'example.org', systemRandom);
  const again = openDataFolder(path, undefined, systemRandom);
  const other = openDataFolder(place(t), 'example.org', systemRandom);
  assert.equal(again.isNew, false);
  assert.deepEqual(again.signingKey.publicKey, first.signingKey.publicKey);
  assert.deepEqual(again.secrets, first.secrets);
  const values = [...Object.values(first.secrets), ...Object.values(other.secrets)];
  assert.equal(new Set(values).size, values.length);
  assert.notDeepEqual(other.signingKey.publicKey, first.signingKey.publicKey);
});

test('without a name the first start is a trial as localhost', t => {
  assert.equal(openDataFolder(place(t), undefined, systemRandom).serverName, 'localhost');
});

test('a name that would be a trap is not chosen, and nothing is left of the attempt', t => {
  const path = place(t);
  assert.throws(
    () => openDataFolder(path, 'Example.org', systemRandom),
    /Example\.org has capital letters.*Write example\.org/,
  );
  assert.throws(() => openDataFolder(path, '-a.org', systemRandom), /-a\.org cannot be looked up/);
  assert.deepEqual(readdirSync(path), []);
  assert.equal(openDataFolder(path, 'example.org:8448', systemRandom).serverName, 'example.org:8448');
  writeFileSync(join(path, 'server-name'), 'Example.org\n');
  assert.equal(openDataFolder(path, undefined, systemRandom).serverName, 'Example.org');
});

test('another server name is refused with the reason and both ways out', t => {
  const path = place(t);
  openDataFolder(path, 'example.org', systemRandom);
  assert.throws(() => openDataFolder(path, 'other.org', systemRandom), {
    name: 'DataFolderError',
    message: /belongs to the server example\.org.*--name example\.org.*--data/,
  });
});

test('a lost or broken key is never replaced by a new one', t => {
  const path = place(t);
  openDataFolder(path, 'example.org', systemRandom);
  writeFileSync(join(path, 'signing.key'), 'ed25519 a_AbCd tooshort\n');
  assert.throws(() => openDataFolder(path, undefined, systemRandom), /one line: ed25519/);
  rmSync(join(path, 'signing.key'));
  assert.throws(() => openDataFolder(path, undefined, systemRandom), /put it back from your backup/);
  assert.equal(readdirSync(path).includes('signing.key'), false);
});

test('a database without the name of its server is not taken over', t => {
  const path = place(t);
  openDataFolder(path, 'example.org', systemRandom);
  writeFileSync(join(path, 'copse.db'), '');
  rmSync(join(path, 'server-name'));
  assert.throws(() => openDataFolder(path, 'other.org', systemRandom), DataFolderError);
});

test('a first start that was cut short is done again', t => {
  const path = place(t);
  const cut = openDataFolder(path, 'example.org', systemRandom);
  rmSync(join(path, 'server-name'));
  const again = openDataFolder(path, 'example.org', systemRandom);
  assert.equal(again.isNew, true);
  assert.notEqual(again.secrets.token_secret, cut.secrets.token_secret);
});

test('a Synapse key can be taken over', t => {
  const path = place(t);
  openDataFolder(path, 'example.org', systemRandom);
  writeFileSync(join(path, 'signing.key'), `ed25519 a_WXyz ${'A'.repeat(43)}\n`);
  assert.equal(openDataFolder(path, undefined, systemRandom).signingKey.keyId, 'ed25519:a_WXyz');
});

test('one server at a time: the second is refused until the first has ended', t => {
  const path = place(t);
  openDataFolder(path, 'example.org', systemRandom);
  {
    using _ = lockFolder(path);
    assert.throws(() => lockFolder(path), /already running/);
  }
  lockFolder(path)[Symbol.dispose]();
});

test('N075: of a thousand installations no two share a key or a secret', () => {
  const seen = new Set<string>();
  for (let at = 0; at < 1000; at++) {
    const { signingKey, secrets } = newSecrets(systemRandom);
    seen.add(signingKey.split(' ')[2] ?? '');
    for (const secret of Object.values(secrets)) seen.add(secret);
  }
  assert.equal(seen.size, 4000);
});
