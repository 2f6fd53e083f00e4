import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

interface Package {
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly resolved?: string;
}

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

const locked = Object.entries(
  (JSON.parse(read('package-lock.json')) as { readonly packages: Readonly<Record<string, Package>> }).packages,
).filter(([path]) => path !== '');
const manifest = JSON.parse(read('package.json')) as Manifest;

test('N214 every package is fixed by its hash, and comes from nowhere but the registry', () => {
  for (const [path, { integrity, link, resolved }] of locked) {
    assert.match(integrity ?? '', /^sha512-/, path);
    assert.deepEqual([link, resolved], [undefined, undefined], path);
  }
});

test('N214 no package runs a script when it is installed, and none of ours does', () => {
  assert.deepEqual(
    locked.filter(([, each]) => each.hasInstallScript === true).map(([path]) => path),
    [],
  );
  assert.match(read('.npmrc'), /^ignore-scripts=true$/m);
  assert.match(read('copse'), /npm ci --ignore-scripts/);
  assert.deepEqual(Object.keys(manifest.scripts ?? {}), ['test']);
});

test('N214 what is asked for directly has one exact version each, and is little', () => {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
  }
  assert.ok(Object.keys(dependencies).length <= 20);
  assert.ok(locked.filter(([, { dev }]) => dev !== true).length <= 150, 'what is installed where Copse runs');
});

test('N214 the sources name no address from which code would be loaded', () => {
  const files = execFileSync('git', ['ls-files', 'src', 'copse'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
  for (const file of files.filter(each => !each.endsWith('.test.ts')))
    assert.doesNotMatch(read(file), /(import\(|from |curl |wget |<script src=)['"`]?https?:/, file);
});
