import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const MODULE = new URL('write-durably.ts', import.meta.url).href;

test('several processes may write the same file: it is what one of them wrote', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'copse-durably-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'mark');
  const script = (letter: string) => `import { writeDurably } from '${MODULE}';
    for (let at = 0; at < 100; at++) writeDurably('${file}', '${letter}'.repeat(1000));`;
  const codes = ['a', 'b', 'c'].map(async letter => {
    const writer = spawn(process.execPath, ['--input-type=module', '-e', script(letter)], { stdio: 'ignore' });
    return (await once(writer, 'exit'))[0] as number;
  });
  assert.deepEqual(await Promise.all(codes), [0, 0, 0]);
  assert.match(readFileSync(file, 'utf8'), /^(a{1000}|b{1000}|c{1000})$/);
  assert.deepEqual(readdirSync(folder), ['mark']);
});
