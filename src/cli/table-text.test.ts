import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsText, shownText, tableText, timeText } from './table-text.ts';

test('columns are as wide as what stands in them, also in letters of the East and with marks', () => {
  const rows = [
    ['東京', 'x'],
    ['e\u0301te\u0301', 'y'],
    ['', ''],
  ];
  assert.equal(tableText(['a', 'last'], rows, 'none'), 'A     LAST\n東京  x\ne\u0301te\u0301   y\n');
  assert.equal(tableText(['a'], [], 'none'), 'none');
  assert.equal(
    factsText([
      ['long name', '1'],
      ['x', '2'],
    ]),
    'long name  1\nx          2',
  );
});

test('what others wrote cannot steer a terminal, and is cut', () => {
  assert.equal(shownText('a\u001b[31m\nb\u202e\u2028c'), 'a [31m b  c');
  assert.equal(shownText('x'.repeat(100), 10), `${'x'.repeat(9)}…`);
  assert.equal(shownText('👍'.repeat(10), 10), '👍'.repeat(10));
  assert.deepEqual([shownText(null), shownText(''), shownText(undefined), shownText(0)], ['-', '-', '-', '0']);
});

test('times are in UTC, and none is a dash', () => {
  assert.equal(timeText(Date.UTC(2026, 0, 2, 3, 4, 59)), '2026-01-02 03:04');
  assert.deepEqual([timeText(0), timeText(null), timeText(undefined)], ['-', '-', '-']);
});
