import assert from 'node:assert/strict';
import { test } from 'node:test';
import { highlightsOf, rankOf, readTerm } from './search-term.ts';
import { wordsOf } from './words.ts';

const cut = (text: string) => wordsOf(text).map(word => word.text);

test('words are cut at what is no letter, without case and accents', () => {
  assert.deepEqual(cut('Hello, WÖRLD! foo_bar x86-64'), ['hello', 'world', 'foo', 'bar', 'x86', '64']);
  assert.deepEqual(cut('Straße ﬁnd İstanbul'), ['strasse', 'find', 'istanbul']);
  assert.deepEqual(cut('שָׁלוֹם كِتَاب'), ['שלום', 'كتاب']);
  assert.deepEqual(cut('हिन्दी भाषा'), ['हिन्दी', 'भाषा']);
  assert.deepEqual(cut('안녕하세요 세계'), ['안녕하세요', '세계']);
  assert.deepEqual(cut(' \u0000 🎉 *:"\'()&|!<-> '), []);
});

test('scripts without spaces are cut into pairs', () => {
  assert.deepEqual(cut('日本語'), ['日本', '本語', '語']);
  assert.deepEqual(cut('東京tower'), ['東京', '京', 'tower']);
  assert.deepEqual(cut('がっこう'), ['がっ', 'っこ', 'こう', 'う']);
});

test('a question is a list of phrases', () => {
  assert.deepEqual(readTerm('hello 日本語 4'), [
    { words: ['hello'], isPrefix: true },
    { words: ['日本', '本語'], isPrefix: false },
    { words: ['4'], isPrefix: false },
  ]);
  assert.deepEqual(readTerm('語 한'), [
    { words: ['語'], isPrefix: true },
    { words: ['한'], isPrefix: true },
  ]);
});

test('N151 no operator of a database gets into a question', () => {
  for (const evil of [
    '"; drop table x',
    "a' & !b:*",
    'NEAR(a b, 3)',
    'body:x OR {room}:r1',
    '%_\\',
    'a"*^-+',
    '\u0000\ud800',
  ]) {
    for (const { words } of readTerm(evil)) for (const word of words) assert.match(word, /^[\p{L}\p{N}\p{M}]+$/u);
  }
});

test('very long texts and words are cut', () => {
  assert.ok(wordsOf('a b '.repeat(1_000_000)).length <= 4000);
  assert.equal(cut('x'.repeat(10_000))[0]?.length, 48);
  assert.ok(readTerm('w '.repeat(5000)).length <= 30);
});

test('a text is worth more the more of it was looked for', () => {
  const term = readTerm('blue fish');
  assert.ok(rankOf('blue fish', term) > rankOf('a blue sky and a fish in the sea', term));
  assert.ok(rankOf('blue fish blue', term) > rankOf('blue sky red', term));
});

test('highlights are the words as they are written', () => {
  assert.deepEqual(highlightsOf('Messages and a MESSAGE', readTerm('message')), ['messages', 'message']);
  assert.deepEqual(highlightsOf('今日は東京タワー', readTerm('東京')), ['東京']);
  assert.deepEqual(highlightsOf('Müller', readTerm('muller')), ['müller']);
});
