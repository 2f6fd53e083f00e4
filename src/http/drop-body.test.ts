import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { dropBody } from './drop-body.ts';

test('a body that was read is not waited for, and one that was not is read to its end', async () => {
  const read = Readable.from(['{}']);
  await text(read);
  await dropBody(read as IncomingMessage);
  const unread = Readable.from(['a', 'b']);
  await dropBody(unread as IncomingMessage);
  assert.equal(unread.readableEnded, true);
});
