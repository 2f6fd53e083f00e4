import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundaryOf, MultipartError, MultipartReader } from './multipart.ts';

/** The text in pieces of `size` bytes. */
async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, size = 7): Promise<[Record<string, string>, string][]> {
  const reader = new MultipartReader(pieces(text, size), 'b');
  const parts: [Record<string, string>, string][] = [];
  for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of part.body) chunks.push(chunk);
    parts.push([Object.fromEntries(part.headers), Buffer.concat(chunks).toString()]);
  }
  return parts;
}

test('parts are read however the body is cut', async () => {
  const text =
    'preamble\r\n--b \r\nContent-Type: application/json\r\n\r\n{}\r\n--b\r\nA: 1\r\nA: 2\r\nFolded: x\r\n  y\r\nÜ-name: ü\r\n\r\n' +
    'first\r\n--\r\n--B\r\n-b\r\n\r\n--b\r\n\r\n\r\n--b\r\n\r\nno headers\r\n--b--\r\nepilogue';
  for (const size of [1, 2, 3, 5, 11, 1000]) {
    assert.deepEqual(
      await read(text, size),
      [
        [{ 'content-type': 'application/json' }, '{}'],
        [{ a: '1', folded: 'x y', 'ü-name': 'ü' }, 'first\r\n--\r\n--B\r\n-b\r\n'],
        [{}, ''],
        [{}, 'no headers'],
      ],
      `in pieces of ${size}`,
    );
  }
  assert.deepEqual(await read('--b\r\nX: y\r\n\r\nz\r\n--b--'), [[{ x: 'y' }, 'z']]);
});

test('a part that was not read is passed over when it is short', async () => {
  const reader = new MultipartReader(pieces(`--b\r\n\r\n${'x'.repeat(10_000)}\r\n--b\r\n\r\ny\r\n--b--`, 100), 'b');
  await reader.next();
  const second = await reader.next();
  const chunks: Uint8Array[] = [];
  for await (const chunk of second?.body ?? []) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), 'y');
  const long = new MultipartReader(pieces(`--b\r\n\r\n${'x'.repeat(20_000)}\r\n--b--`, 100), 'b');
  await long.next();
  await assert.rejects(long.next(), /too much beside the file/);
});

test('N186 what is no multipart body is an error, and never read without end', async () => {
  let given = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (; ; given += 1000) yield Buffer.alloc(1000, 'x');
  }
  async function* after(text: string): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
    yield* endless();
  }
  const broken = ['', 'x', '--b', '--b\r\n', '--b\r\nA: 1', '--b\r\n\r\nx', '--b\r\n\r\nx\r\n--', '--b\r\n: 1\r\n\r\n'];
  for (const text of [...broken, '--bc\r\n\r\nx\r\n--bc--', '--b\r\nno colon\r\n\r\nx\r\n--b--'])
    await assert.rejects(read(text), MultipartError, JSON.stringify(text));
  for (const source of [endless(), after('--b\r\nA: '), after('--b\r\n\r\nx\r\n--b')]) {
    given = 0;
    const reader = new MultipartReader(source, 'b');
    await assert.rejects(async () => {
      while ((await reader.next()) !== undefined);
    }, MultipartError);
    assert.ok(given < 40_000, `${given} bytes were read`);
  }
  given = 0;
  const drained = new MultipartReader(after('--b--'), 'b');
  assert.equal(await drained.next(), undefined);
  await drained.drain();
  assert.ok(given < 20_000, `${given} bytes were drained`);
});

test('the boundary is read from the type', () => {
  const good = [
    ['multipart/mixed; boundary=abc', 'abc'],
    ['Multipart/Mixed;boundary="a b:c"', 'a b:c'],
    ['multipart/mixed; charset=utf-8; BOUNDARY=x', 'x'],
    [`multipart/mixed; boundary=${'x'.repeat(70)}`, 'x'.repeat(70)],
  ] as const;
  for (const [type, boundary] of good) assert.equal(boundaryOf(type), boundary, type);
  const bad = [
    'text/plain; boundary=x',
    'multipart/mixed',
    'multipart/mixed; boundary=',
    'multipart/mixed; boundary="x ',
  ];
  for (const type of [
    undefined,
    ...bad,
    `multipart/mixed; boundary=${'x'.repeat(71)}`,
    'multipart/mixed; boundary="a\u00e4"',
  ])
    assert.equal(boundaryOf(type), undefined, type);
});
