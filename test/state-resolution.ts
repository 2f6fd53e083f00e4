/**
 * Compares the auth rules and state resolution with recorded rooms: `node test/state-resolution.ts [FILE...]`, files
 * of one JSON object a line, plain or gzipped. Prints the failures and at last `N passed, N failed`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { nodeCrypto } from '../src/base/node-crypto.ts';
import { checkRecordedRoom, type RecordedRoom } from '../src/core/fixtures-check.ts';

const recorded = join(import.meta.dirname, 'fixtures', 'state-resolution');

function defaultFiles(): string[] {
  return readdirSync(recorded)
    .filter(name => name.endsWith('.gz'))
    .map(name => join(recorded, name));
}

function linesOf(file: string): string[] {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text.split('\n').filter(line => line.trim() !== '');
}

const files = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const file of files.length > 0 ? files : defaultFiles()) {
  for (const line of linesOf(file)) {
    const result = checkRecordedRoom(JSON.parse(line) as RecordedRoom, nodeCrypto);
    passed += result.passed;
    failed += result.failed;
    for (const failure of result.failures) console.log(`${file}: ${failure}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
// Nothing passed means nothing was compared.
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
