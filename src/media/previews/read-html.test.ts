import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHtml } from './read-html.ts';

async function* chunks(...pieces: (string | Uint8Array)[]) {
  for (const piece of pieces) yield Buffer.from(piece);
}

const read = (html: string, maxBytes = 1 << 20) => readHtml(chunks(html), 'text/html', maxBytes);

test('Open Graph fields come first, then what else a page says', async () => {
  const page = `<html><head><title> The\n Rock </title><meta name="description" content="plain">
    <meta property="og:title" content="A &amp; B"><meta property="og:title" content="second">
    <meta property="og:image" content="/a.png"><meta name="twitter:title" content="bird"></head>`;
  const facts = await read(page);
  assert.equal(facts.title, 'A & B');
  assert.equal(facts.description, 'plain');
  assert.equal(facts.image, '/a.png');
  const plain = await read(
    '<title>T</title><p>One <b>two</b></p><nav><p>menu</p></nav><script>x<p></script><p>three</p>',
  );
  assert.deepEqual([plain.title, plain.description, plain.image], ['T', 'One two three', undefined]);
  const birds = await read('<meta name="twitter:title" content="bird"><meta name="twitter:image" content="b.png">');
  assert.deepEqual([birds.title, birds.image], ['bird', 'b.png']);
  const linked = await read('<link rel="image_src" href="c.png"><p>x');
  assert.deepEqual([linked.image, linked.description], ['c.png', 'x']);
});

test('a title inside a drawing is not the title of the page', async () => {
  assert.equal((await read('<svg><title>icon</title></svg><title>page</title>')).title, 'page');
});

test('pages are read in the encoding that they have', async () => {
  const latin = Buffer.from('<meta charset="iso-8859-1"><title>Gr\u00fc\u00dfe</title>', 'latin1');
  assert.equal((await readHtml(chunks(latin), 'text/html', 9999)).title, 'Grüße');
  const sjis = Buffer.concat([Buffer.from('<title>'), Buffer.from([0x93, 0xfa, 0x96, 0x7b]), Buffer.from('</title>')]);
  assert.equal((await readHtml(chunks(sjis), 'text/html; charset="Shift_JIS"', 9999)).title, '日本');
  const utf8 = Buffer.from('<title>日本</title>');
  const cut = [utf8.subarray(0, 8), utf8.subarray(8)];
  assert.equal((await readHtml(chunks(...cut), 'text/html; charset=nonsense', 9999)).title, '日本');
});

test('N179 UTF-7 is no encoding: what it would hide stays text', async () => {
  const facts = await readHtml(chunks('<title>+ADw-script+AD4-</title>'), 'text/html; charset=utf-7', 9999);
  assert.equal(facts.title, '+ADw-script+AD4-');
});

test('N179 deep nesting, unmatched ends and endless attributes cost little', async () => {
  const head = '<meta property="og:title" content="t">';
  const evil = [
    '<div>'.repeat(100_000),
    '<a>'.repeat(150_000) + '</b>'.repeat(150_000),
    `<div ${'a="b" '.repeat(150_000)}>`,
    `<div ${Array.from({ length: 100_000 }, (_, i) => `a${i}=1`).join(' ')}>`,
    '<p>'.repeat(300_000),
    '<'.repeat(1_000_000),
    '&amp'.repeat(250_000),
    `<meta property="og:x" content="${'x '.repeat(500_000)}">`,
    Array.from({ length: 20_000 }, (_, i) => `<meta property="og:a${i}" content="${'v'.repeat(20)}">`).join(''),
    `<title>${'t'.repeat(1_000_000)}`,
    `<p>${'t '.repeat(500_000)}`,
    '<!--'.repeat(250_000),
    '<script>'.repeat(120_000),
  ];
  for (const body of evil) {
    const start = process.cpuUsage();
    const facts = await read(head + body);
    const { user, system } = process.cpuUsage(start);
    assert.equal(facts.openGraph.get('og:title'), 't');
    assert.ok(user + system < 1_500_000, `${body.slice(0, 20)}: ${(user + system) / 1000} ms`);
    const kept = JSON.stringify([[...facts.openGraph], facts.title, facts.description]);
    assert.ok(kept.length < 50_000, `${kept.length} characters are kept`);
  }
});

test('no more than the given bytes are read', async () => {
  let pulled = 0;
  async function* endless() {
    for (;;) {
      pulled += 1000;
      yield Buffer.from('<p>x'.repeat(250));
    }
  }
  await readHtml(endless(), 'text/html', 10_000);
  assert.equal(pulled, 10_000);
});
