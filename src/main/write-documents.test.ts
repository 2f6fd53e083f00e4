import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withRelease } from './write-documents.ts';

test('a release goes before the older ones, security first', () => {
  const first = withRelease('# Changes\nIntro.\n', '0.1.0 (day)', ['Fixed: b.', 'Security: a.']);
  assert.equal(first, '# Changes\nIntro.\n\n## 0.1.0 (day)\n- Security: a.\n- Fixed: b.\n');
  const second = withRelease(first, '0.2.0 (day)', ['Added: c.']);
  assert.match(second, /Intro\.\n\n## 0\.2\.0 \(day\)\n- Added: c\.\n\n## 0\.1\.0/);
});

test('a fragment must say what kind of change it is', () => {
  assert.throws(() => withRelease('# Changes\n', '1', ['Something happened.']), /Something happened/);
});
