import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemRandom } from '../base/random.ts';
import type { FrontArgs } from '../cli/front-commands.ts';
import { FrontError } from '../front/front-error.ts';
import { openDataFolder } from './data-folder.ts';
import { changeServices, writeFront } from './front-command.ts';
import { readMadeFront } from './made-front.ts';
import { renewFront } from './renew-front.ts';

const NGINX: FrontArgs = {
  program: 'nginx',
  processes: undefined,
  isWhole: false,
  install: undefined,
  isFollowing: false,
  isRunning: false,
  reload: undefined,
};

/** A data folder of `example.org`, with these settings in it. */
function folderWith(t: TestContext, yaml: string): string {
  const path = mkdtempSync(join(tmpdir(), 'copse-front-command-'));
  t.after(() => rmSync(path, { recursive: true }));
  openDataFolder(path, 'example.org', systemRandom);
  writeFileSync(join(path, 'copse.yaml'), yaml);
  return path;
}

/** What is printed meanwhile. */
async function printed(t: TestContext, run: () => unknown): Promise<string> {
  const said: string[] = [];
  const log = t.mock.method(console, 'log', (text: string) => void said.push(text));
  const write = t.mock.method(process.stdout, 'write', (text: string) => said.push(text) > 0);
  try {
    await run();
  } finally {
    log.mock.restore();
    write.mock.restore();
  }
  return said.join('\n');
}

const refuses = (run: () => unknown, why: RegExp) =>
  assert.rejects(
    async () => run(),
    (error: Error) => error instanceof FrontError && why.test(error.message),
  );

test('what cannot be in front is refused in words', async t => {
  const data = folderWith(t, 'listen: { client: { port: 0 } }\n');
  await refuses(() => writeFront({ data }, NGINX), /listen\.client\.port/);
  await refuses(() => writeFront({ data }, { ...NGINX, processes: join(data, 'none') }), /cannot be read/);
  await refuses(() => writeFront({ data }, { ...NGINX, isFollowing: true }), /need --install/);
  await refuses(() => writeFront({ data }, { ...NGINX, isRunning: true }), /need --install/);
  const list = join(data, 'processes.yaml');
  writeFileSync(list, '[{ name: b1, address: "10.0.0.1:8008", roles: [client, sync] }]');
  await refuses(() => writeFront({ data }, { ...NGINX, processes: list }), /No process has the role/);
  const nowhere = join(data, 'nowhere');
  await refuses(() => writeFront({ data: nowhere }, NGINX), /name of the server is not known/);
  await refuses(() => changeServices({ data: nowhere }, { kind: 'ls', isJson: false }), /no server's data/);
});

test('settings, processes and services are what the configuration is made of', async t => {
  const data = folderWith(
    t,
    `public_base_url: https://matrix.example.org
media: { max_upload: 77M }
front: { federation_port: 9448, plain_port: 9080, addresses: [192.0.2.1], certificate: "/c/{name}.pem", key: "/c/{name}.key", proxies: [192.0.2.7] }
`,
  );
  const args = { data };
  const add = (name: string, host: string) =>
    changeServices(args, { kind: 'add', name, url: 'http://10.77.0.9:8080', host });
  await printed(t, () => add('wiki', 'Wiki.example.org'));
  await refuses(() => add('other', 'matrix.example.org'), /Copse itself/);
  const text = await printed(t, () => writeFront(args, NGINX));
  for (const line of [
    'server 127.0.0.1:8008 ',
    'listen 192.0.2.1:9448 ssl',
    'listen 192.0.2.1:9080;',
    'server_name matrix.example.org;',
    'server_name example.org;',
    'server_name wiki.example.org;',
    'ssl_certificate /c/wiki.example.org.pem;',
    'ssl_certificate_key /c/example.org.key;',
    'proxy_pass http://10.77.0.9:8080;',
    'client_max_body_size 77m;',
    'set_real_ip_from 192.0.2.7;',
  ])
    assert.ok(text.includes(line), line);
  const haproxy = await printed(t, () => writeFront(args, { ...NGINX, program: 'haproxy' }));
  assert.match(haproxy, /^backend service_wiki$/m);
  assert.match(await printed(t, () => writeFront(args, { ...NGINX, isWhole: true })), /^events \{$/m);
});

test('services are listed and taken away, and nothing is left of the writing', async t => {
  const data = folderWith(t, '');
  const service = { name: 'wiki', url: 'http://10.77.0.9:8080', host: 'wiki.example.org' };
  const ls = (isJson: boolean) => printed(t, () => changeServices({ data }, { kind: 'ls', isJson }));
  assert.match(await ls(false), /no services/);
  await printed(t, () => changeServices({ data }, { kind: 'add', ...service }));
  assert.deepEqual(JSON.parse(await ls(true)), [service]);
  assert.match(await ls(false), /wiki +wiki\.example\.org +http:/);
  assert.equal(statSync(join(data, 'services.json')).mode & 0o777, 0o600);
  await printed(t, () => changeServices({ data }, { kind: 'rm', name: 'wiki' }));
  await refuses(() => changeServices({ data }, { kind: 'rm', name: 'wiki' }), /no service wiki/);
  assert.match(await ls(false), /no services/);
  assert.deepEqual(
    readdirSync(data).filter(name => name.endsWith('.new')),
    [],
  );
  writeFileSync(join(data, 'services.json'), '{"services": [{"name": "x; }"}]}');
  await refuses(() => writeFront({ data }, NGINX), /small letters/);
});

test('what is installed is the printed text; without the program it is undone', async t => {
  const data = folderWith(t, 'front: { certificate: /nowhere/c.pem, key: /nowhere/k.pem }\n');
  const install = join(data, 'copse.cfg');
  await refuses(() => writeFront({ data }, { ...NGINX, program: 'haproxy', install }), /`haproxy -c -f .*` failed/);
  assert.throws(() => readFileSync(install), /ENOENT/);
  writeFileSync(install, await printed(t, () => writeFront({ data }, { ...NGINX, program: 'haproxy' })));
  const said = await printed(t, () => writeFront({ data }, { ...NGINX, program: 'haproxy', install }));
  assert.match(said, /as it was/);
});

test('a front that was put in place is known, and made anew; where that fails it is said how to do it', async t => {
  const data = folderWith(t, 'front: { certificate: /nowhere/c.pem, key: /nowhere/k.pem }\n');
  assert.deepEqual(await renewFront({ data }), ['no configuration of a front is known that Copse has made']);
  const install = join(data, 'copse.cfg');
  const haproxy: FrontArgs = { ...NGINX, program: 'haproxy', install, reload: 'touch "$0.reloaded"; false' };
  await refuses(() => writeFront({ data }, haproxy), /failed/);
  assert.equal(readMadeFront(data), undefined, 'what was refused is none');
  const text = await printed(t, () => writeFront({ data }, { ...NGINX, program: 'haproxy' }));
  writeFileSync(install, text);
  await printed(t, () => writeFront({ data }, haproxy));
  assert.deepEqual(readMadeFront(data), {
    ...{ program: 'haproxy', file: install, isWhole: false, reload: haproxy.reload },
  });
  writeFileSync(install, text.replaceAll('8008', '8009'));
  const [why, how] = await renewFront({ data });
  assert.match(why ?? '', /^not done: `haproxy -c -f .*` failed/);
  assert.equal(
    how,
    `as root: ./copse front haproxy --install ${install} --data ${data} --reload 'touch "$0.reloaded"; false'`,
  );
});
