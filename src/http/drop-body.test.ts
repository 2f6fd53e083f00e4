import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { dropBody } from './drop-body.ts';

test('what is left of a body is read to its end, and one that was read is left alone', async () => {
  const read = Readable.from(['{}']);
  await text(read);
  dropBody(read as IncomingMessage);
  assert.equal(read.listenerCount('data'), 0);
  const unread = Readable.from(['a', 'b']);
  dropBody(unread as IncomingMessage);
  await once(unread, 'end');
});

test('a body without an end is cut off', async () => {
  const chunk = Buffer.alloc(1024 * 1024);
  const endless = new Readable({ read: () => void endless.push(chunk) });
  dropBody(endless as IncomingMessage);
  await once(endless, 'close');
  assert.ok(endless.destroyed);
});
