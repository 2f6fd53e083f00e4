import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { streamOf, textOf } from '../../test/support/media.ts';
import { systemRandom } from '../base/random.ts';
import { DiskStore } from './disk-store.ts';
import { type FileId, FileTooLargeError } from './media-store.ts';

async function openStore(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'copse-store-'));
  t.after(() => rm(folder, { recursive: true }));
  return { folder, store: new DiskStore(folder, systemRandom) };
}

async function listOf(files: AsyncIterable<FileId>): Promise<FileId[]> {
  const found: FileId[] = [];
  for await (const file of files) found.push(file);
  return found;
}

const FUTURE = 8.64e15;

test('a stream becomes a file that only the server can read', async t => {
  const { folder, store } = await openStore(t);
  const { fileId, size, sha256 } = await store.put(streamOf('hello ', 'world'), 11);
  assert.equal(size, 11);
  assert.equal(Buffer.from(sha256).toString('hex').slice(0, 16), 'b94d27b9934d3e08');
  assert.equal(await textOf(await store.read(fileId)), 'hello world');
  assert.equal(await textOf(await store.read(fileId, { start: 6, end: 8 })), 'wor');
  const path = await store.withLocalFile(fileId, async found => found);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  for (const part of [dirname(path), join(folder, 'files'), join(folder, 'incoming')]) {
    assert.equal((await stat(part)).mode & 0o777, 0o700, part);
  }
});

test('nothing stays behind of a stream that is too long or breaks off', async t => {
  const { folder, store } = await openStore(t);
  await assert.rejects(store.put(streamOf('hello ', 'world'), 10), FileTooLargeError);
  async function* broken() {
    yield Buffer.from('hello');
    throw new RangeError('gone');
  }
  await assert.rejects(store.put(broken(), 100), RangeError);
  assert.deepEqual(await readdir(join(folder, 'incoming')), []);
  assert.deepEqual((await readdir(folder)).sort(), ['incoming']);
});

test('what is deleted is gone, twice over', async t => {
  const { store } = await openStore(t);
  const { fileId } = await store.put(streamOf('x'), 1);
  await store.delete(fileId);
  await store.delete(fileId);
  assert.equal(await store.read(fileId), undefined);
});

test('files are listed by age', async t => {
  const { store } = await openStore(t);
  assert.deepEqual(await listOf(store.filesBefore(FUTURE)), []);
  const { fileId } = await store.put(streamOf('x'), 1);
  assert.deepEqual(await listOf(store.filesBefore(FUTURE)), [fileId]);
  assert.deepEqual(await listOf(store.filesBefore(0)), []);
});

test('N175: a path is made of our own file ids and of nothing else', async t => {
  const { store } = await openStore(t);
  for (const bad of ['../../etc/passwd', 'a'.repeat(39), `${'a'.repeat(39)}/`, `${'a'.repeat(40)}\0`, 'CON', '']) {
    await assert.rejects(store.read(bad as FileId), /never gave out/, bad);
    await assert.rejects(store.delete(bad as FileId), /never gave out/, bad);
  }
});
