import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { picture, pngBomb } from '../../test/support/images.ts';
import { refusal } from '../../test/support/media.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import type { ImageTask } from './image-task.ts';
import { defaultMediaSettings, type ThumbnailSettings } from './settings.ts';
import { Thumbnailer } from './thumbnailer.ts';

async function open(t: TestContext, changes: Partial<ThumbnailSettings> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'copse-thumbnailer-'));
  const settings = { ...defaultMediaSettings.thumbnails, ...changes };
  const thumbnailer = new Thumbnailer({ clock: systemClock, log: silentLog, settings });
  t.after(async () => {
    await thumbnailer[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  const task = async (bytes: Uint8Array, maxPixels = settings.maxPixels): Promise<ImageTask> => {
    const file = join(folder, String(bytes.length));
    await writeFile(file, bytes);
    return { file, width: 32, height: 32, method: 'crop', animated: false, maxPixels };
  };
  return { thumbnailer, task };
}

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('the process starts at the first image, serves the next and ends when idle', async t => {
  const { thumbnailer, task } = await open(t, { idleMs: 100 });
  assert.equal(thumbnailer.pid, undefined);
  const image = await task(await picture(50, 50));
  assert.equal((await thumbnailer.draw(image)).outcome, 'thumbnail');
  const { pid } = thumbnailer;
  assert.equal((await thumbnailer.draw(image)).outcome, 'thumbnail');
  assert.equal(thumbnailer.pid, pid);
  await new Promise(resolve => setTimeout(resolve, 400));
  assert.equal(isAlive(pid), false);
  assert.equal((await thumbnailer.draw(image)).outcome, 'thumbnail');
});

test('a process that died while idle takes no innocent image with it', async t => {
  const { thumbnailer, task } = await open(t);
  const image = await task(await picture(50, 50));
  await thumbnailer.draw(image);
  process.kill(thumbnailer.pid ?? 0, 'SIGKILL');
  await new Promise(resolve => setTimeout(resolve, 100));
  assert.equal((await thumbnailer.draw(image)).outcome, 'thumbnail');
});

test('N184: an image that takes too long ends its process, not the next image', async t => {
  const { thumbnailer, task } = await open(t, { timeoutMs: 700, memoryBytes: 2 ** 31 });
  const image = await task(await picture(50, 50));
  await thumbnailer.draw(image);
  const slow = await thumbnailer.draw(await task(pngBomb(30_000), 1e9));
  // A machine that is busy is given twice the time.
  assert.match(JSON.stringify(slow), /^{"outcome":"broken","reason":"not done in (700|1400) ms"}$/);
  assert.equal((await thumbnailer.draw(image)).outcome, 'thumbnail');
});

test('N184: an image that takes too much memory ends its process, not the next image', {
  skip: process.platform !== 'linux' && 'only Linux tells what a process holds',
}, async t => {
  const { thumbnailer, task } = await open(t, { memoryBytes: 50 * 2 ** 20 });
  const greedy = await task(pngBomb(20_000), 1e9);
  assert.equal((await thumbnailer.draw(greedy)).outcome, 'too_large');
});

test('only so many images wait', async t => {
  const { thumbnailer, task } = await open(t, { waiting: 2 });
  const image = await task(await picture(50, 50));
  const three = [1, 2, 3].map(() => refusal(thumbnailer.draw(image)));
  assert.deepEqual((await Promise.all(three)).sort(), ['429 M_LIMIT_EXCEEDED', 'none', 'none']);
});
