import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cpuMilliseconds } from '../../test/support/cpu-time.ts';
import { compileGlob } from './glob.ts';
import { containsWord, isWordBoundary } from './word-search.ts';

const whole = (pattern: string, text: string) => compileGlob(pattern).whole(text.toLowerCase());
const word = (pattern: string, text: string) => compileGlob(pattern).word(text.toLowerCase());

test('a glob matches the whole text, whatever the case', () => {
  assert.ok(whole('lunc?*', 'Lunch plans'));
  assert.ok(whole('lunc?*', 'LUNCH'));
  assert.ok(!whole('lunc?*', ' lunch'));
  assert.ok(!whole('lunc?*', 'lunc'));
  assert.ok(whole('', ''));
  assert.ok(!whole('', 'a'));
  assert.ok(whole('*', ''));
  assert.ok(!whole('?', ''));
  assert.ok(whole('?', '\u{1f600}'), 'a character is a code point, not half of one');
  assert.ok(whole('a.c', 'a.c') && !whole('a.c', 'abc'), 'nothing but * and ? is special');
});

test('a word glob matches between word boundaries', () => {
  assert.ok(word('ex*ple', 'An example event.'));
  assert.ok(word('ex*ple', 'exple'));
  assert.ok(word('ex*ple', 'An exciting triple-whammy'));
  assert.ok(!word('ex*ple', 'An examples event'));
  assert.ok(word('cake', 'CAKE!'));
  assert.ok(!word('cake', 'pancake'));
  assert.ok(!word('cake', 'cake_'));
  assert.ok(word('cake', 'écake'), 'only A-Z, a-z, 0-9 and _ are word characters');
  assert.ok(word('@room', 'hey @room'));
  assert.ok(word('cake*lie', 'The cake is a lie.'));
  assert.ok(word('?ake', 'a lake'));
});

/** Small alphabets, so that patterns match often. */
const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '_', '\u{1f600}', 'é'), maxLength: 14 });
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '*', '?', '\u{1f600}'), maxLength: 8 });

/** The definition, by recursion. */
function matchesByDefinition(pattern: readonly string[], text: readonly string[]): boolean {
  const [token, ...rest] = pattern;
  if (token === undefined) return text.length === 0;
  if (token !== '*')
    return text.length > 0 && (token === '?' || token === text[0]) && matchesByDefinition(rest, text.slice(1));
  return Array.from({ length: text.length + 1 }, (_, at) => at).some(at => matchesByDefinition(rest, text.slice(at)));
}

test('globs match as defined (property)', () => {
  fc.assert(
    fc.property(pattern, text, (pattern, text) => {
      assert.equal(compileGlob(pattern).whole(text), matchesByDefinition([...pattern], [...text]));
    }),
    { numRuns: 3000 },
  );
});

test('word globs match as defined (property)', () => {
  fc.assert(
    fc.property(pattern, text, (pattern, text) => {
      const points = [...text];
      const offset = (at: number) => points.slice(0, at).join('').length;
      const at = points.map((_, at) => at).concat(points.length);
      const boundaries = at.filter(at => isWordBoundary(text, offset(at)));
      const expected = boundaries.some(from =>
        boundaries.some(to => to >= from && matchesByDefinition([...pattern], points.slice(from, to))),
      );
      assert.equal(compileGlob(pattern).word(text), expected);
    }),
    { numRuns: 2000 },
  );
});

test('patterns longer than a machine word match as short ones do (property)', () => {
  const long = fc.string({ unit: fc.constantFrom('a', 'b', '?'), minLength: 30, maxLength: 100 });
  fc.assert(
    fc.property(long, fc.nat(99), (pattern, at) => {
      const text = pattern.replaceAll('?', 'b');
      const cut = at % pattern.length;
      const starred = `${pattern.slice(0, cut)}*${pattern.slice(cut)}`;
      assert.ok(compileGlob(starred).whole(text));
      assert.ok(compileGlob(starred).whole(`${text.slice(0, cut)}xyz${text.slice(cut)}`));
      assert.ok(!compileGlob(starred).whole(`${text}x`) || pattern.endsWith('?') || cut === pattern.length);
      assert.ok(compileGlob(starred).word(`x ${text} x`));
    }),
  );
});

test('words are found as defined (property)', () => {
  fc.assert(
    fc.property(
      text,
      fc.string({ unit: fc.constantFrom('a', 'b', ' '), minLength: 1, maxLength: 4 }),
      (text, needle) => {
        const found = Array.from({ length: text.length }, (_, at) => at).some(
          at => text.startsWith(needle, at) && isWordBoundary(text, at) && isWordBoundary(text, at + needle.length),
        );
        assert.equal(containsWord(text, needle), found);
      },
    ),
    { numRuns: 3000 },
  );
});

test('N149: hostile globs take linear time', () => {
  const body = 'a'.repeat(65_536);
  const hostile = [
    '*a'.repeat(128),
    `${'*a'.repeat(127)}*b`,
    `${'a?*'.repeat(85)}b`,
    `${'?'.repeat(255)}b`,
    'a'.repeat(256),
  ];
  for (const pattern of hostile) {
    const matcher = compileGlob(pattern);
    const took = cpuMilliseconds(() => {
      matcher.whole(body);
      matcher.word(body);
    });
    assert.ok(took < 500, `${pattern.slice(0, 10)} took ${took} ms`);
  }
});

test('N149: a text of 800,000 characters takes no quadratic time', () => {
  const matcher = compileGlob(`${'*a'.repeat(100)}*b`);
  const body = 'a'.repeat(800_000);
  // Squared it would be hours.
  const took = cpuMilliseconds(() => void matcher.word(body));
  assert.ok(took < 5000, `${took} ms`);
});
