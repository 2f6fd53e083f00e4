import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { ELSEWHERE } from '../../src/front/rules.ts';
import { pathsOf } from '../../src/http/endpoint.ts';
import { REQUEST_ROLES, type RequestRole } from '../../src/http/role.ts';
import { listEndpoints } from '../../src/main/list-endpoints.ts';
import { APIS, keyOf, operationsOf } from '../coverage/operations.ts';
import { askFront, keptConnections } from './ask-front.ts';
import { settingsFor } from './front-settings.ts';
import { FrontWorld, HOST, recorders, SERVER_NAME, WIKI } from './front-world.ts';
import { needs, PROGRAMS } from './programs.ts';

const THREE = ['b1', 'b2', 'b3'];
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** What a path looks like that fits a template. */
function sample(template: string): string {
  const filled = template.replace(/:(\w+)|\{(\w+)\}/g, (_, one, other) => encodeURIComponent(`!a/${one ?? other}:x`));
  return filled.replace(/\*$/, 'any/thing');
}

/** For every path that is served, and every operation of the interfaces, who has to get it. */
async function expectations(): Promise<{ method: string; path: string; role: RequestRole }[]> {
  const endpoints = await listEndpoints(settingsFor('one.example'));
  const served = endpoints.flatMap(each =>
    pathsOf(each).map(path => ({ method: each.method as string, path, role: each.without?.role ?? each.role })),
  );
  const roles = new Map(served.map(each => [keyOf(each), each.role]));
  const operations = APIS.flatMap(operationsOf);
  const known = operations.filter(operation => roles.has(keyOf(operation)));
  assert.ok(known.length > 230, `only ${known.length} operations are served`);
  // What is not served goes to those who say so.
  const ofInterfaces = operations.map(each => ({ ...each, role: roles.get(keyOf(each)) ?? ELSEWHERE }));
  return [...served, ...ofInterfaces].map(each => ({ ...each, path: sample(each.path) }));
}

for (const program of PROGRAMS) {
  test(`${program}: everything that is served reaches a process of its role`, needs(program), async t => {
    const processes = await recorders(t, REQUEST_ROLES);
    const world = await FrontWorld.open(
      t,
      program,
      processes.map((recorder, at) => ({ recorder, roles: REQUEST_ROLES.slice(at, at + 1) })),
    );
    const agent = keptConnections();
    t.after(() => agent.destroy());
    const wrong: string[] = [];
    for (const { method, path, role } of await expectations()) {
      const answer = await askFront(world, { method, path, agent });
      if (answer.process !== role) wrong.push(`${method} ${path}: ${answer.process} and not ${role}`);
    }
    assert.deepEqual(wrong, []);
    const process = async (path: string) => (await askFront(world, { path, agent })).process;
    assert.equal(await process('/_matrix/client/v3/sync?timeout=0&since=s1'), 'sync');
    for (const path of ['/', '/_matrix/client/v9/sync', '/_matrix/client/v3/sync/../login', '/_matrix//client/v3/sync'])
      assert.equal(await process(path), 'client', path);
  });

  test(`${program}: a room has one process, however its ID is written; rooms are spread`, needs(program), async t => {
    const processes = await recorders(t, THREE);
    const world = await FrontWorld.open(
      t,
      program,
      processes.map(recorder => ({ recorder })),
    );
    const agent = keptConnections();
    t.after(() => agent.destroy());
    const used = new Set<string | undefined>();
    for (let at = 0; at < 20; at++) {
      const opaque = `Room${at}/+ü`;
      const parts = [`!${opaque}:${HOST}`, `!${opaque}`].map(encodeURIComponent);
      const [plain = '', hash = ''] = parts;
      const paths = [
        `/_matrix/client/v3/rooms/${plain}/send/m.room.message/1?access_token=x`,
        `/_matrix/client/r0/rooms/${plain.replace('!', '%21').replace('%3A', ':')}/messages`,
        `/_matrix/client/v1/rooms/${hash}/threads`,
        `/_matrix/client/v3/join/${plain.toLowerCase().replace('room', 'Room')}`,
        `/_synapse/admin/v1/rooms/${plain}/members`,
      ];
      const at3 = await Promise.all(
        paths.map((path, user) => askFront(world, { path, agent, headers: bearer(`user${user}`) })),
      );
      const names = new Set(at3.map(({ process }) => process));
      assert.equal(names.size, 1, `${opaque} went to ${[...names]}`);
      used.add([...names][0]);
    }
    assert.deepEqual([...used].sort(), THREE);
  });

  test(`${program}: a user has one process to sync with, a server one to send to`, needs(program), async t => {
    const processes = await recorders(t, THREE);
    const world = await FrontWorld.open(
      t,
      program,
      processes.map(recorder => ({ recorder })),
    );
    const agent = keptConnections();
    t.after(() => agent.destroy());
    const process = async (path: string, headers: Readonly<Record<string, string>> = {}) =>
      (await askFront(world, { path, agent, headers })).process;
    const [ofUsers, ofServers] = [new Set<string | undefined>(), new Set<string | undefined>()];
    for (let at = 0; at < 20; at++) {
      const by = await process(`/_matrix/client/v3/sync?since=${at}`, bearer(`token${at}`));
      ofUsers.add(by);
      assert.equal(await process(`/_matrix/client/r0/sync?since=x&access_token=token${at}`), by);
      const origin = (words: string) => ({ authorization: `X-Matrix ${words},key="ed25519:1",sig="a=b,c"` });
      const from = await process('/_matrix/federation/v1/version', origin(`origin="s${at}.example"`));
      ofServers.add(from);
      const other = origin(`destination="x",origin=s${at}.example`);
      assert.equal(await process(`/_matrix/federation/v1/event/$${at}`, other), from);
    }
    assert.deepEqual([...ofUsers].sort(), THREE);
    assert.deepEqual([...ofServers].sort(), THREE);
  });

  test(`${program}: paths arrive byte for byte`, needs(program), async t => {
    const processes = await recorders(t, ['b1']);
    const world = await FrontWorld.open(
      t,
      program,
      processes.map(recorder => ({ recorder })),
    );
    const paths = [
      '/_matrix/client/v3/rooms/!a:x/send/m.room.message/a%2Fb%2fc',
      '/_matrix/client/v3/rooms/%21a%3Ax/state/m.x/%C3%BC%20+%2B',
      '/_matrix/client/v3/rooms/!a:x//send//x',
      '/_matrix/client/v3/rooms/./../%2e%2e/x',
      '/_matrix/client/v3/rooms/!a:x/state/m.x/?a=%2F&b=+&a=;c',
      '/_matrix/media/v3/download/x/%25%3F%23',
      '/_matrix/client/v3/sync?filter=%7B%22a%22%3A%22%C3%BC%22%7D&since=x',
    ];
    for (const path of paths) await askFront(world, { path });
    assert.deepEqual(
      processes[0]?.seen.map(({ target }) => target),
      paths,
    );
  });

  test(`${program}: hosts are kept, and addresses are those of who asks`, needs(program), async t => {
    const [process = assert.fail()] = await recorders(t, ['b1']);
    const world = await FrontWorld.open(t, program, [{ recorder: process }]);
    const headers = { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'gopher', host: `${HOST}:443` };
    await askFront(world, { path: '/_matrix/client/versions', headers });
    const seen = process.seen[0]?.headers;
    assert.deepEqual(
      [seen?.host, seen?.['x-forwarded-for'], seen?.['x-forwarded-proto']],
      [`${HOST}:443`, '127.0.0.1', 'https'],
    );
  });

  test(`${program}: speaks HTTP/2, and takes the query of a long filter`, needs(program), async t => {
    const [process = assert.fail()] = await recorders(t, ['b1']);
    const world = await FrontWorld.open(t, program, [{ recorder: process }]);
    const session = connect(`https://127.0.0.1:${world.httpsPort}`, {
      servername: HOST,
      ca: world.authority.certificate,
    });
    t.after(() => session.destroy());
    const path = `/_matrix/client/v3/sync?since=x&filter=${'a'.repeat(20_000)}`;
    const stream = session.request({ ':path': path, ':authority': HOST, ...bearer('a') });
    assert.deepEqual(JSON.parse(await text(stream)), { process: 'b1' });
    assert.deepEqual([process.seen[0]?.target, process.seen[0]?.headers.host], [path, HOST]);
  });

  test(`${program}: two names, two ports and a service`, needs(program), async t => {
    const [process = assert.fail(), wiki = assert.fail()] = await recorders(t, ['b1', 'wiki']);
    const services = [{ name: 'wiki', url: `http://${wiki.address}`, host: WIKI }];
    const world = await FrontWorld.open(t, program, [{ recorder: process }], services);
    const { federationPort: port } = world;
    const reaches = async (host: string, path: string, more: { readonly port?: number } = {}) => {
      const answer = await askFront(world, { host, path, ...more });
      return answer.process ?? answer.status;
    };
    const login = '/_matrix/client/v3/login';
    assert.equal(await reaches(HOST, '/.well-known/matrix/client'), 'b1');
    assert.equal(await reaches(SERVER_NAME, '/.well-known/matrix/client'), 'b1');
    assert.equal(await reaches(SERVER_NAME, '/.well-known/matrix/server'), 'b1');
    assert.equal(await reaches(SERVER_NAME, login), 404);
    assert.equal(await reaches(SERVER_NAME, login, { port }), 'b1');
    assert.equal(await reaches(HOST, login, { port }), 'b1');
    assert.equal(await reaches(WIKI, '/a%2Fb//c'), 'wiki');
    assert.deepEqual([wiki.seen[0]?.target, wiki.seen[0]?.headers.host], ['/a%2Fb//c', WIKI]);
    // A service that takes the server's own name leaves it the word where the server is.
    await world.change([{ recorder: process }], [{ name: 'www', url: `http://${wiki.address}`, host: SERVER_NAME }]);
    await t.test('after a change', async () => {
      while ((await reaches(SERVER_NAME, '/')) !== 'wiki');
      assert.equal(await reaches(SERVER_NAME, '/.well-known/matrix/server'), 'b1');
      assert.equal(await reaches(SERVER_NAME, login, { port }), 'b1');
    });
  });
}
