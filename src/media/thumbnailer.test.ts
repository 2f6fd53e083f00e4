import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../test/support/bus.ts';
import { picture, pngBomb } from '../../test/support/images.ts';
import { refusal } from '../../test/support/media.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import type { ImageTask } from './image-task.ts';
import { defaultMediaSettings, type ThumbnailSettings } from './settings.ts';
import { Thumbnailer } from './thumbnailer.ts';

/** How long what lasts `ms` lasts in a test. */
type Pace = (ms: number) => number;

async function open(t: TestContext, changes: Partial<ThumbnailSettings> = {}, pace: Pace = ms => ms) {
  const folder = await mkdtemp(join(tmpdir(), 'copse-thumbnailer-'));
  const settings = { ...defaultMediaSettings.thumbnails, ...changes };
  const clock: Clock = { ...systemClock, after: (ms, run) => systemClock.after(pace(ms), run) };
  const thumbnailer = new Thumbnailer({ clock, log: silentLog, settings });
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
  let idleMs = 60_000;
  const { thumbnailer, task } = await open(t, {}, ms => (ms === 60_000 ? idleMs : ms));
  assert.equal(thumbnailer.pid, undefined);
  const image = await task(await picture(50, 50));
  assert.equal((await thumbnailer.draw(image)).outcome, 'thumbnail');
  const { pid } = thumbnailer;
  idleMs = 50;
  assert.equal((await thumbnailer.draw(image)).outcome, 'thumbnail');
  assert.equal(thumbnailer.pid, pid);
  await eventually(() => !isAlive(pid));
  assert.equal((await thumbnailer.draw(image)).outcome, 'thumbnail');
});

test('a process that died while idle takes no innocent image with it', async t => {
  const { thumbnailer, task } = await open(t);
  const image = await task(await picture(50, 50));
  await thumbnailer.draw(image);
  process.kill(thumbnailer.pid ?? 0, 'SIGKILL');
  await eventually(() => thumbnailer.pid === undefined);
  assert.equal((await thumbnailer.draw(image)).outcome, 'thumbnail');
});

test('N184: an image that takes too long ends its process, not the next image', async t => {
  let longest = 60_000;
  const pace: Pace = ms => (ms === 10_000 ? longest : ms);
  const { thumbnailer, task } = await open(t, { timeoutMs: 10_000, memoryBytes: 2 ** 31 }, pace);
  const image = await task(await picture(50, 50));
  await thumbnailer.draw(image);
  longest = 700;
  const slow = await thumbnailer.draw(await task(pngBomb(30_000), 1e9));
  assert.deepEqual(slow, { outcome: 'broken', reason: 'not done in 10000 ms' });
  longest = 60_000;
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
