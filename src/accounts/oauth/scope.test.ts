import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readScope } from './scope.ts';

const API = 'urn:matrix:client:api:*';
const DEVICE = 'urn:matrix:client:device:ABCDEFGHIJ';
const OLD = 'urn:matrix:org.matrix.msc2967.client';

test('a scope is the whole API for one device', () => {
  const refused = [
    '',
    API,
    DEVICE,
    `${DEVICE} urn:matrix:client:api:read:*`,
    `${API} urn:matrix:client:device:`,
    `${API} ${DEVICE} urn:matrix:client:device:OTHER`,
    `${API} ${DEVICE} ${OLD}:device:OTHER`,
    `${API} urn:matrix:client:device:${'x'.repeat(256)}`,
    `${API} urn:matrix:client:device:"quoted"`,
    `${API} urn:matrix:client:device:ä`,
    `${API}\n${DEVICE}`,
  ];
  for (const text of refused) assert.ok('wrong' in readScope(text), text);
  assert.deepEqual(readScope(`${API} ${DEVICE}`), { deviceId: 'ABCDEFGHIJ', text: `${API} ${DEVICE}` });
});

test('older words for it are answered in the same words, and what is not known is left out', () => {
  const old = `${OLD}:api:* ${OLD}:device:ABCDEFGHIJ`;
  assert.deepEqual(readScope(`openid ${old}`), { deviceId: 'ABCDEFGHIJ', text: old });
  assert.deepEqual(readScope(`  ${DEVICE}  ${API} urn:synapse:admin:*`), {
    deviceId: 'ABCDEFGHIJ',
    text: `${API} ${DEVICE}`,
  });
});
