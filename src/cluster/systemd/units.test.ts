import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { boardUnits, memoryMax, singleUnits, type UnitSettings } from './units.ts';

const folder = join(import.meta.dirname, '../../../test/fixtures/systemd');
const settings: UnitSettings = {
  program: '/opt/copse/copse',
  data: '/var/lib/copse',
  media: undefined,
  user: 'copse',
  memory: 268_435_456,
};

for (const { name, text } of [...singleUnits(settings), ...boardUnits(settings)]) {
  test(`${name} is as it was looked at`, () => {
    const file = join(folder, name);
    if (process.env.COPSE_WRITE_GOLDEN === '1') writeFileSync(file, text);
    assert.equal(text, readFileSync(file, 'utf8'), `${name} is another; COPSE_WRITE_GOLDEN=1 writes it`);
  });
}

test('paths with spaces, quotes and what systemd would expand are one word each', () => {
  const [unit] = singleUnits({ ...settings, data: '/srv/my "data" 100%/$HOME', media: '/mnt/media files' });
  assert.ok(unit?.text.includes('--data "/srv/my \\"data\\" 100%%/$$HOME"\n'), unit?.text);
  assert.ok(unit?.text.includes('ReadWritePaths="/srv/my \\"data\\" 100%%/$$HOME" "/mnt/media files"\n'));
});

test('a data folder in a home is not shut off', () => {
  const [plain] = singleUnits(settings);
  const [home] = singleUnits({ ...settings, data: '/root/copse-data' });
  assert.deepEqual(
    [plain, home].map(unit => unit?.text.includes('ProtectHome=yes')),
    [true, false],
  );
});

test('systemd lets a process have its memory and what comes on top', () => {
  assert.deepEqual(
    [128, 256, 1024].map(mib => memoryMax(mib * 2 ** 20)),
    ['288M', '416M', '1184M'],
  );
});
