import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FollowedConfig } from './followed-config.ts';

test('settings are read anew when their file is another, and stay as they were with one that cannot be taken', t => {
  const data = mkdtempSync(join(tmpdir(), 'copse-followed-'));
  t.after(() => rmSync(data, { recursive: true }));
  const write = (port: number | string) =>
    writeFileSync(join(data, 'copse.yaml'), `front: { https_port: ${port}, plain_port: 80 }\n`);
  const said: string[] = [];
  const settings = new FollowedConfig({ data }, words => void said.push(words));
  const port = () => settings.current().front.https_port;
  assert.equal(port(), 443);
  write(1443);
  assert.equal(port(), 1443);
  assert.equal(settings.current(), settings.current());
  write('many');
  assert.deepEqual([port(), port()], [1443, 1443]);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /The settings of before are in force: .*https_port/s);
  write(2443);
  assert.equal(port(), 2443);
  rmSync(join(data, 'copse.yaml'));
  assert.equal(port(), 443);
});
