import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeWire, encodeWire, subjectOfToken, subjectPrefix, subjectToken } from './wire.ts';

const wellFormed = fc.string({ unit: 'binary' });

test('any text is one token of a subject, and comes back from it', () => {
  fc.assert(
    fc.property(wellFormed, text => {
      const token = subjectToken(text);
      assert.match(token, /^[A-Za-z0-9_=-]+$/);
      assert.equal(subjectOfToken(token), text);
    }),
  );
});

test('two texts never have the same token', () => {
  for (const [one, other] of [
    ['', '='],
    ['a.b', 'a=2Eb'],
    ['é', 'Ã©'],
  ] as const)
    assert.notEqual(subjectToken(one), subjectToken(other));
});

test('what is sent is what is read', () => {
  const prefix = subjectPrefix('one.example:8448');
  const hint = fc
    .tuple(fc.nat(), wellFormed, wellFormed)
    .map(([number, subject, message]) => ({ kind: 'hint' as const, sender: 'AbC-_9', number, subject, message }));
  fc.assert(fc.property(hint, message => assert.deepEqual(decodeWire(prefix, encodeWire(prefix, message)), message)));
  for (const kind of ['beat', 'bye'] as const) {
    const message = { kind, sender: 'x', number: 7 };
    assert.deepEqual(decodeWire(prefix, encodeWire(prefix, message)), message);
  }
});

test('bytes of strangers are no message, and do no harm', () => {
  const prefix = subjectPrefix('one.example');
  fc.assert(
    fc.property(wellFormed, fc.uint8Array(), (subject, payload) => {
      assert.equal(decodeWire(prefix, { subject, payload }), undefined);
      decodeWire(prefix, { subject: `${prefix}hint.${subject}`, payload });
    }),
  );
});
