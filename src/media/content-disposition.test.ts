import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentDisposition, fileNameIn, servedType } from './content-disposition.ts';

test('N182: only the types of the list are shown in place', () => {
  for (const type of ['image/png', 'IMAGE/PNG', 'text/plain; charset=utf-8', 'audio/ogg;codecs=opus', 'text/css'])
    assert.equal(contentDisposition(type, undefined), 'inline', type);
  for (const type of ['text/html', 'image/svg+xml', 'application/xhtml+xml', 'application/pdf', 'text/xml', ''])
    assert.equal(contentDisposition(type, undefined), 'attachment', type);
  for (const type of ['text/html, image/png', 'image/png, text/html', 'image/png;text/html', 'image/png\u00e9']) {
    assert.equal(servedType(type), 'application/octet-stream', type);
    assert.equal(contentDisposition(servedType(type), undefined), 'attachment', type);
  }
});

test('a type goes out as it came in, where it is one', () => {
  for (const type of ['text/html; charset=utf-8', 'application/x-thing', 'multipart/form-data; boundary="a b"'])
    assert.equal(servedType(type), type);
  assert.equal(servedType(undefined), 'application/octet-stream');
  assert.equal(servedType('nonsense'), 'application/octet-stream');
});

test('file names are sent by RFC 6266', () => {
  const names: [string, string][] = [
    ['a.txt', 'filename="a.txt"'],
    ['name with spaces; and more.txt', 'filename="name with spaces; and more.txt"'],
    ['say "hi" \\o/', 'filename="say \\"hi\\" \\\\o/"'],
    ['100%41.txt', 'filename="100_41.txt"; filename*=utf-8\'\'100%2541.txt'],
    ['☕(1).txt', 'filename="_(1).txt"; filename*=utf-8\'\'%E2%98%95%281%29.txt'],
    ['a\r\nSet-Cookie: b', 'filename="a__Set-Cookie: b"; filename*=utf-8\'\'a%0D%0ASet-Cookie%3A%20b'],
    ['\ud800', 'filename="_"; filename*=utf-8\'\'%EF%BF%BD'],
  ];
  for (const [name, expected] of names) assert.equal(contentDisposition('text/plain', name), `inline; ${expected}`);
  assert.equal(contentDisposition('text/plain', ''), 'inline');
});

test('the name in what another server sends', () => {
  const names: readonly (readonly [string | undefined, string | undefined])[] = [
    ['attachment; filename="a b.txt"', 'a b.txt'],
    ['inline;filename=a.txt', 'a.txt'],
    ['inline; FileName = "a\\"b\\\\.txt"', 'a"b\\.txt'],
    ['attachment; filename="f_r"; filename*=UTF-8\'de\'f%C3%BCr', 'für'],
    ['attachment; filename*=utf-8\'\'a%2Fb; filename="c"', 'a/b'],
    ["attachment; filename*=utf-8''%zz; filename=c", 'c'],
    ["attachment; filename*=iso-8859-1''%FC; filename=c", 'c'],
    ['attachment; filename="a;b"; x=y', 'a;b'],
    ['attachment; filename=""', undefined],
    ['attachment; filename="open', undefined],
    ['attachment; name=x', undefined],
    ['attachment', undefined],
    ['', undefined],
    [undefined, undefined],
  ];
  for (const [header, name] of names) assert.equal(fileNameIn(header), name, header);
});

test('a name in a header of a megabyte takes no time', () => {
  const used = process.cpuUsage();
  for (const long of [
    `a; filename="${'\\"'.repeat(500_000)}`,
    `a${'; a=b'.repeat(200_000)}`,
    `a;${' '.repeat(1_000_000)}`,
  ])
    assert.equal(fileNameIn(long), undefined);
  assert.ok(process.cpuUsage(used).user < 1_000_000);
});
