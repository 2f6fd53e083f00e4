import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cpuMilliseconds } from '../../test/support/cpu-time.ts';
import { nodeCrypto, signingKeyFromSeed } from '../base/node-crypto.ts';
import { encodeBase64 } from './base64.ts';
import { isServerName, type ServerName } from './ids.ts';
import { verifyJson } from './signatures.ts';
import {
  formatXMatrix,
  parseXMatrix,
  parseXMatrixHeaders,
  receivedRequestJson,
  type SignedRequest,
  signRequest,
  verifyRequest,
  type XMatrix,
} from './xmatrix.ts';

const KEY = signingKeyFromSeed('ed25519:k1', new Uint8Array(32).fill(1));
const PLAIN: XMatrix = {
  origin: 'one.example' as ServerName,
  destination: 'two.example' as ServerName,
  key: 'ed25519:k1',
  signature: 'abc+/DEF',
};

const REQUEST: SignedRequest = {
  method: 'PUT',
  uri: '/_matrix/federation/v1/send/1?a=b',
  origin: 'one.example',
  destination: 'two.example',
  content: { pdus: [] },
};

test('N076 the header is parsed as RFC 9110 has it', () => {
  const same = [
    'X-Matrix origin="one.example",destination="two.example",key="ed25519:k1",sig="abc+/DEF"',
    'X-Matrix origin=one.example,destination=two.example,key=ed25519:k1,sig="abc+/DEF"',
    'X-Matrix origin=one.example,destination=two.example,key=ed25519:k1,sig=abc+/DEF',
    'x-matrix   ORIGIN=one.example , Destination="two.example"\t,key="ed25519:k1",  sig="abc+/DEF"',
    'X-MATRIX sig="abc+/DEF",key="ed25519:k1",destination="two.example",origin="one.example"',
    'X-Matrix , ,origin="one.example",,destination="two.example" ,\t, key="ed25519:k1",sig="abc+/DEF", ,',
    'X-Matrix origin = "one.example",destination="two.ex\\ample",key="ed25519:k1",sig="\\abc+/DEF"',
    'X-Matrix origin="one.example",destination="two.example",key="ed25519:k1",sig="abc+/DEF",new="x, y=\\"z\\""',
  ];
  for (const header of same) assert.deepEqual(parseXMatrix(header), PLAIN, header);
});

test('N076 without destination it is taken, for servers from before 1.3', () => {
  const parsed = parseXMatrix('X-Matrix origin=one.example,key="ed25519:k1",sig="abc+/DEF"');
  assert.deepEqual(parsed, { ...PLAIN, destination: undefined });
});

test('N076 what is malformed, incomplete, doubled or of another scheme is refused', () => {
  const bad = [
    '',
    'X-Matrix',
    'X-Matrix ',
    'Bearer token',
    'X-Matrixorigin=one.example,key="ed25519:k1",sig="x"',
    'X-Matrix origin="one.example",destination="two.example",key="ed25519:k1"',
    'X-Matrix origin="one.example",key="ed25519:k1",sig=""',
    'X-Matrix destination="two.example",key="ed25519:k1",sig="x"',
    'X-Matrix origin="one.example",origin="two.example",key="ed25519:k1",sig="x"',
    'X-Matrix origin="one.example",ORIGIN="one.example",key="ed25519:k1",sig="x"',
    'X-Matrix origin="one.example" key="ed25519:k1",sig="x"',
    'X-Matrix origin="one.example,key="ed25519:k1",sig="x"',
    'X-Matrix origin="one.example",key="ed25519:k1",sig="x',
    'X-Matrix origin="one.example",key="ed25519:k1",sig="x"junk',
    'X-Matrix origin="not a server",key="ed25519:k1",sig="x"',
    'X-Matrix origin="one.example",destination="",key="ed25519:k1",sig="x"',
    'X-Matrix origin="one.example",key="rsa:1",sig="x"',
    `X-Matrix origin="one.example",key="ed25519:k1",sig="${'x'.repeat(5000)}"`,
  ];
  for (const header of bad) assert.equal(parseXMatrix(header), undefined, header);
});

test('N076 a header for another origin, destination, method or body does not verify', () => {
  const header = parseXMatrix(signRequest(REQUEST, KEY));
  assert.ok(header !== undefined);
  const verifies = (request: SignedRequest, by: XMatrix = header): boolean =>
    verifyJson(receivedRequestJson(request, by), by.origin, by.key, KEY.publicKey, nodeCrypto);
  assert.ok(verifies(REQUEST));
  assert.ok(!verifies(REQUEST, { ...header, origin: 'three.example' as ServerName }));
  assert.ok(!verifies(REQUEST, { ...header, destination: 'three.example' as ServerName }));
  assert.ok(!verifies(REQUEST, { ...header, destination: undefined }));
  assert.ok(!verifies({ ...REQUEST, method: 'POST' }));
  assert.ok(!verifies({ ...REQUEST, content: { pdus: [1] } }));
  assert.ok(!verifies({ ...REQUEST, content: undefined }));
});

test('N076 of several headers every one counts, and all must be of the same servers', () => {
  const one = formatXMatrix(PLAIN);
  const two = formatXMatrix({ ...PLAIN, key: 'ed25519:k2' });
  assert.deepEqual(parseXMatrixHeaders([one]), [PLAIN]);
  assert.equal(parseXMatrixHeaders([one, two])?.length, 2);
  const foreign = [
    formatXMatrix({ ...PLAIN, origin: 'three.example' as ServerName }),
    formatXMatrix({ ...PLAIN, destination: 'three.example' as ServerName }),
    formatXMatrix({ ...PLAIN, destination: undefined }),
    'Bearer token',
    '',
  ];
  for (const header of foreign) {
    assert.equal(parseXMatrixHeaders([one, header]), undefined, header);
    assert.equal(parseXMatrixHeaders([header, one]), undefined, header);
  }
  assert.equal(parseXMatrixHeaders([]), undefined);
  assert.equal(parseXMatrixHeaders(Array.from({ length: 9 }, () => one)), undefined);
});

test('N077 the signature covers the request target byte for byte', () => {
  const uri = '/_matrix/federation/v1/state/%21a%3Ab/../x//?event_id=%24x&a=%2F';
  const header = parseXMatrix(signRequest({ ...REQUEST, uri }, KEY))!;
  const verifies = (target: string): boolean =>
    verifyJson(
      receivedRequestJson({ ...REQUEST, uri: target }, header),
      header.origin,
      header.key,
      KEY.publicKey,
      nodeCrypto,
    );
  assert.ok(verifies(uri));
  const normalised = [
    uri.replaceAll('%21', '!'),
    uri.replace('/../x', ''),
    uri.replace('//', '/'),
    uri.split('?')[0]!,
    `${uri}#`,
    uri.toLowerCase(),
    decodeURIComponent(uri),
  ];
  for (const other of normalised) assert.ok(!verifies(other), other);
});

test('N076 N077 a received request is verified from its body as it came', () => {
  const header = parseXMatrix(signRequest(REQUEST, KEY))!;
  const request = { method: REQUEST.method, uri: REQUEST.uri, body: ' {"pdus" : [ ]} ' };
  const check = (change: object, by = header): boolean =>
    verifyRequest({ ...request, ...change }, by, KEY.publicKey, nodeCrypto);
  assert.ok(check({}));
  for (const change of [
    { body: '{"pdus":[1]}' },
    { body: undefined },
    { body: '{' },
    { method: 'GET' },
    { uri: `${request.uri}&` },
  ]) {
    assert.ok(!check(change), JSON.stringify(change));
  }
  assert.ok(!check({}, { ...header, destination: 'three.example' as ServerName }));
  assert.ok(!check({}, { ...header, destination: undefined }));
  assert.ok(!check({}, { ...header, signature: 'x' }));
  const get = parseXMatrix(signRequest({ ...REQUEST, method: 'GET', content: undefined }, KEY))!;
  assert.ok(check({ method: 'GET', body: undefined }, get));
});

test('a float or a huge integer in one message does not break the signature of a transaction', () => {
  const content = '{"edus":[{"big":9223372036854775807,"x":1.0,"y":1e-07}]}';
  const text = `{"content":${content},"destination":"two.example","method":"PUT","origin":"one.example","uri":"/x"}`;
  const header = { ...PLAIN, signature: encodeBase64(KEY.sign(Buffer.from(text))) };
  const body = '{"edus": [{"y": 1e-07, "x": 1.0, "big": 9223372036854775807}]}';
  assert.ok(verifyRequest({ method: 'PUT', uri: '/x', body }, header, KEY.publicKey, nodeCrypto));
  const changed = body.replace('1.0', '1');
  assert.ok(!verifyRequest({ method: 'PUT', uri: '/x', body: changed }, header, KEY.publicKey, nodeCrypto));
});

test('what is formatted parses back', () => {
  const names = fc.constantFrom('a', 'one.example:8448', '[::1]:80', '1.2.3.4').filter(isServerName);
  const keys = fc.stringMatching(/^[A-Za-z0-9_]{1,20}$/).map(id => `ed25519:${id}`);
  const signatures = fc.stringMatching(/^[A-Za-z0-9+/]{1,86}$/);
  const headers = fc.record({
    origin: names,
    destination: fc.option(names, { nil: undefined }),
    key: keys,
    signature: signatures,
  });
  fc.assert(
    fc.property(headers, header => {
      const plain = {
        ...header,
        origin: header.origin as ServerName,
        destination: header.destination as ServerName | undefined,
      };
      assert.deepEqual(parseXMatrix(formatXMatrix(plain)), plain);
    }),
  );
});

test('no header makes the parser throw or run away', () => {
  fc.assert(fc.property(fc.string(), text => void parseXMatrix(`X-Matrix ${text}`)));
  const cost = cpuMilliseconds(() => {
    for (const piece of ['a=', '"\\', ' ,', 'a=b,', '\\"', '\t'])
      parseXMatrix(`X-Matrix ${piece.repeat(4000 / piece.length)}`);
  });
  assert.ok(cost < 2000, `${cost} ms`);
});
