import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callsOf } from '../../test/support/admin-calls.ts';
import { RefusedError } from './admin-server.ts';

test('without a server that runs a trace says what to start, and other refusals stay as they are', async () => {
  const refusing = (errcode: string) => () => {
    throw new RefusedError(errcode, 'There is no such endpoint on this server.');
  };
  const isRunning = false;
  for (const words of [
    ['trace', '$x'],
    ['trace', '--room', '!r:example.org'],
  ]) {
    const asked = callsOf(words, refusing('M_UNRECOGNIZED'), { isRunning });
    await assert.rejects(asked, { name: 'RefusedError', message: /start it with \.\/copse up/ });
    await assert.rejects(callsOf(words, refusing('M_NOT_FOUND'), { isRunning }), /no such endpoint/);
  }
});
