import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Front } from '../../src/front/front.ts';
import { haproxyText } from '../../src/front/haproxy.ts';
import { wholeNginxText } from '../../src/front/nginx.ts';
import { routesOf } from '../../src/front/route.ts';
import { listEndpoints } from '../../src/main/list-endpoints.ts';
import { TestAuthority } from '../support/certificates.ts';
import { settingsFor } from './front-settings.ts';
import { hostsOf, PLANS } from './plans.ts';
import { checked, needs, nginxVersion } from './programs.ts';

const folder = join(import.meta.dirname, '..', 'fixtures', 'front');

/** With COPSE_WRITE_GOLDEN=1 the files are written anew: look at what `git diff` says. */
function sameAsFile(name: string, text: string): void {
  const file = join(folder, name);
  if (process.env.COPSE_WRITE_GOLDEN === '1') writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'), `${name} is another; COPSE_WRITE_GOLDEN=1 writes it`);
}

for (const [name, front] of Object.entries(PLANS)) {
  test(`${name}: the configurations are those that were looked at`, () => {
    sameAsFile(`${name}.nginx.conf`, wholeNginxText(front));
    sameAsFile(`${name}.haproxy.cfg`, haproxyText(front));
  });

  test(`${name}: the order in which things are named makes no difference`, () => {
    const turned = { ...front, routes: front.routes.toReversed(), processes: front.processes.toReversed() };
    assert.equal(wholeNginxText(turned), wholeNginxText(front));
    assert.equal(haproxyText(turned), haproxyText(front));
  });
}

/** A folder in which everything is that a configuration names, and its text with this folder in it. */
function placed(t: TestContext, front: Front, text: string): string {
  const here = mkdtempSync(join(tmpdir(), 'copse-front-'));
  t.after(() => rmSync(here, { recursive: true }));
  const authority = new TestAuthority();
  mkdirSync(join(here, 'certificates'));
  for (const host of hostsOf(front)) {
    const { certificate, key } = authority.issue({ names: [host] });
    writeFileSync(join(here, 'certificates', `${host}.pem`), certificate);
    writeFileSync(join(here, 'certificates', `${host}.pem.key`), key);
  }
  const file = join(here, 'configuration');
  const moved = text
    .replaceAll('/certificates/', `${here}/certificates/`)
    .replaceAll(/\/(?=run\/|var\/log\/)/g, `${here}/`);
  for (const name of ['run/haproxy', 'var/log/nginx']) mkdirSync(join(here, name), { recursive: true });
  writeFileSync(file, moved);
  return file;
}

/** All paths that there are, in place of the few of the golden files. */
async function withAllRoutes(front: Front): Promise<Front> {
  const config = { ...settingsFor('one.example'), public_base_url: 'https://one.example' };
  const routes = routesOf(await listEndpoints(config));
  assert.ok(routes.some(({ path }) => path === '/_copse/oauth/token'));
  return { ...front, routes };
}

for (const [name, few] of Object.entries(PLANS)) {
  test(`${name}: nginx takes it, with all paths, without a word`, needs('nginx'), async t => {
    for (const front of [few, await withAllRoutes(few)]) {
      const file = placed(t, front, wholeNginxText(front, nginxVersion()));
      assert.equal(checked('nginx', ['-q', '-t', '-c', file]), '');
    }
  });

  test(`${name}: both take it where a role has nobody for the moment`, {
    ...needs('nginx'),
    ...needs('haproxy'),
  }, async t => {
    const processes = few.processes.map(each => ({ ...each, roles: each.roles.filter(role => role === 'client') }));
    const lacking = { ...few, processes, mayLackRoles: true };
    const nginx = placed(t, lacking, wholeNginxText(lacking, nginxVersion()));
    assert.equal(checked('nginx', ['-q', '-t', '-c', nginx]), '');
    const haproxy = placed(t, lacking, haproxyText(lacking));
    assert.equal(checked('haproxy', ['-c', '-f', haproxy]), 'Configuration file is valid\n');
  });

  test(`${name}: HAProxy takes it, with all paths, without a word`, needs('haproxy'), async t => {
    for (const front of [few, await withAllRoutes(few)]) {
      const file = placed(t, front, haproxyText(front));
      assert.equal(checked('haproxy', ['-c', '-f', file]), 'Configuration file is valid\n');
    }
  });
}
