import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { Loose } from '../support/accounts.ts';
import { AdminWorld, type Caller, eventually, PASSWORD, SERVER } from '../support/admin-world.ts';
import { openSqlite } from '../support/databases.ts';
import { NoPython, pythonWith } from '../support/python-environment.ts';

const SYNADM = { name: 'synadm', packages: ['synadm==0.49.2'], usable: 'import synadm' };
const run = promisify(execFile);

type Synadm = (...args: readonly string[]) => Promise<Loose>;

/** synadm as an administrator's, without questions; answers the JSON that it prints last, or its words as `text`. */
function synadmOf(python: string, t: TestContext, world: AdminWorld, admin: Caller): Synadm {
  const folder = mkdtempSync(join(tmpdir(), 'copse-synadm-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'synadm.yaml');
  const settings = {
    user: admin.id,
    token: admin.token,
    protocol: 'http',
    base_url: world.url,
    admin_path: '/_synapse/admin',
    matrix_path: '/_matrix',
    timeout: 120,
    server_discovery: 'well-known',
    homeserver: SERVER,
    ssl_verify: true,
    format: 'json',
  };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(settings));
  return async (...args) => {
    const env = { ...process.env, HOME: folder, NODE_OPTIONS: '' };
    const { stdout } = await run(python, ['-m', 'synadm', '--config-file', file, '--batch', '-o', 'json', ...args], {
      env,
    });
    return lastJson(stdout);
  };
}

/** Some commands print several values, some say in words what they did. */
function lastJson(text: string): Loose {
  const begins = [...text.matchAll(/^[[{"]/gm)].map(match => match.index).reverse();
  for (const begin of begins) {
    try {
      return JSON.parse(text.slice(begin)) as Loose;
    } catch {
      // It began before.
    }
  }
  return { text } as unknown as Loose;
}

/** Undefined where there is no Python; in CI nothing is skipped, so that there it is a failure. */
function findPython(): string | undefined {
  try {
    return pythonWith(SYNADM);
  } catch (error) {
    if (error instanceof NoPython && process.env.CI !== 'true') return undefined;
    throw error;
  }
}

const list = (answer: Loose | undefined) => [...(answer as unknown as Loose[])];

test('an administrator works with synadm', async t => {
  const python = findPython();
  if (python === undefined) return t.skip('there is no python3 with venv; on Debian: apt install python3-venv');
  await using opened = await openSqlite();
  const world = await AdminWorld.open(opened.db, t);
  const root = await world.admin('root');
  const synadm = synadmOf(python, t, world, root);

  await t.test('accounts', t => accounts(t, world, root, synadm));
  await t.test('sessions', t => sessions(t, world, root, synadm));
  await t.test('rooms', t => rooms(t, world, root, synadm));
  await t.test('media', t => media(t, world, synadm));
  await t.test('tokens, notices and the rest', t => rest(t, world, root, synadm));
});

async function accounts(_: TestContext, world: AdminWorld, root: Caller, synadm: Synadm): Promise<void> {
  const made = await synadm('user', 'modify', 'dora', '-P', PASSWORD, '-n', 'Dora', '-t', 'email', 'dora@example.org');
  assert.equal(made.name, `@dora:${SERVER}`);
  const dora = await world.logIn('dora');
  const shown = await synadm('user', 'details', 'dora');
  assert.deepEqual([shown.displayname, shown.admin, shown.locked], ['Dora', false, false]);
  assert.deepEqual(await synadm('user', '3pid', 'dora@example.org'), { user_id: dora.id });
  await root.ok('PUT', `v2/users/${dora.id}`, { external_ids: [{ auth_provider: 'club', external_id: 'd1' }] });
  assert.deepEqual(await synadm('user', 'auth-provider', '-p', 'club', 'd1'), { user_id: dora.id });
  const { users, total } = await synadm('user', 'list', '--name', 'dor');
  assert.deepEqual([list(users).map(user => user.name), Number(total)], [[dora.id], 1]);
  assert.equal(list((await synadm('user', 'search', 'Dora')).users)[0]?.name, dora.id);
  assert.deepEqual(
    list((await synadm('user', 'list', '-a')).users).map(user => user.name),
    [root.id],
  );
  await synadm('user', 'modify', 'dora', '--lock');
  await dora.refused(401, 'M_USER_LOCKED', 'GET', 'c/v3/account/whoami');
  await synadm('user', 'modify', 'dora', '--unlock');
  await synadm('user', 'suspend', 'dora');
  await dora.refused(403, 'M_USER_SUSPENDED', 'POST', 'c/v3/createRoom', {});
  await synadm('user', 'suspend', 'dora', '--unsuspend');
  await synadm('user', 'password', 'dora', '-p', 'another long password');
  await dora.refused(401, 'M_UNKNOWN_TOKEN', 'GET', 'c/v3/account/whoami');
  await world.logIn('dora', 'another long password');
  assert.equal((await synadm('user', 'shadow-ban', 'dora')).errcode, 'M_UNRECOGNIZED');
  await synadm('user', 'deactivate', 'dora', '--gdpr-erase');
  const gone = await synadm('user', 'details', 'dora');
  assert.deepEqual([gone.deactivated, gone.erased], [true, true]);
}

async function sessions(_: TestContext, world: AdminWorld, root: Caller, synadm: Synadm): Promise<void> {
  const eve = await world.user('eve');
  await world.logIn('eve');
  const known = await synadm('user', 'whois', 'eve');
  assert.equal(known.user_id, eve.id);
  const { access_token: token } = await synadm('user', 'login', 'eve', '--expire-days', '1');
  const asEve = world.caller(eve.id, String(token));
  assert.equal((await asEve.ok('GET', 'c/v3/account/whoami')).user_id, eve.id);
  assert.equal((await synadm('matrix', 'login', 'eve', '-p', PASSWORD)).user_id, eve.id);
  const devices = list((await root.ok('GET', `v2/users/${eve.id}/devices`)).devices);
  const one = String(devices[0]?.device_id);
  await synadm('user', 'prune-devices', eve.id, '-i', one, '--min-surviving', '0', '--min-days', '0', '--ts');
  const left = list((await root.ok('GET', `v2/users/${eve.id}/devices`)).devices);
  assert.deepEqual([left.length, left.some(device => String(device.device_id) === one)], [devices.length - 1, false]);
}

async function rooms(_: TestContext, world: AdminWorld, root: Caller, synadm: Synadm): Promise<void> {
  const [fred, gina] = [await world.user('fred'), await world.user('gina')];
  const body = { preset: 'public_chat', name: 'Grove', room_alias_name: 'grove' };
  const room = String((await fred.ok('POST', 'c/v3/createRoom', body)).room_id);
  const found = await synadm('room', 'search', 'Grov');
  assert.deepEqual(
    list(found.rooms).map(each => each.room_id),
    [room],
  );
  assert.equal(list((await synadm('room', 'list', '-s', 'joined_members', '-r')).rooms)[0]?.room_id, room);
  assert.equal(await synadm('room', 'resolve', `#grove:${SERVER}`), room);
  assert.deepEqual((await synadm('room', 'resolve', '-r', room)).aliases, [`#grove:${SERVER}`]);
  assert.equal((await synadm('room', 'details', room)).name, 'Grove');
  await synadm('room', 'join', room, gina.id);
  assert.deepEqual((await synadm('room', 'members', room)).members, [fred.id, gina.id]);
  const { state } = await synadm('room', 'state', room);
  assert.ok(list(state).some(event => String(event.type) === 'm.room.create'));
  assert.deepEqual((await synadm('user', 'membership', 'gina', '--ids')).joined_rooms, [room]);
  await synadm('room', 'make-admin', room, '-u', gina.id);
  const levels = await gina.ok('GET', `c/v3/rooms/${room}/state/m.room.power_levels`);
  assert.ok(Number(levels.users?.[gina.id]) >= 100);
  assert.equal(list((await synadm('room', 'power-levels', '-i', room)).rooms).length, 1);
  await redactions(gina, room, synadm);
  await purge(gina, room, synadm);
  await synadm('room', 'block', room, '--block');
  assert.equal((await synadm('room', 'block-status', room)).block, true);
  await root.refused(403, 'M_FORBIDDEN', 'POST', `c/v3/join/${room}`);
  await synadm('room', 'block', room, '--unblock');
  const { delete_id: id } = await synadm('room', 'delete', room);
  const done = await eventually(
    () => synadm('room', 'delete-status', '-d', String(id)),
    answer => String(answer.status) === 'complete',
  );
  assert.deepEqual([done.status, list(done.shutdown_room?.kicked_users).length], ['complete', 2]);
  assert.equal((await synadm('room', 'details', room)).errcode, 'M_NOT_FOUND');
}

async function redactions(by: Caller, room: string, synadm: Synadm): Promise<void> {
  const text = { msgtype: 'm.text', body: 'away with it' };
  const { event_id: id } = await by.ok('PUT', `c/v3/rooms/${room}/send/m.room.message/1`, text);
  const { redact_id: task } = await synadm('user', 'redact', by.id, '-r', room, '--reason', 'spam');
  const done = await eventually(
    () => synadm('user', 'redact-status', String(task)),
    answer => String(answer.status) === 'complete',
  );
  assert.equal(done.status, 'complete');
  assert.deepEqual((await by.ok('GET', `c/v3/rooms/${room}/event/${id}`)).content, {});
}

async function purge(by: Caller, room: string, synadm: Synadm): Promise<void> {
  const send = async (body: string) =>
    (await by.ok('PUT', `c/v3/rooms/${room}/send/m.room.message/${body}`, { msgtype: 'm.text', body })).event_id;
  const [old, kept] = [await send('old'), await send('kept')];
  const { purge_id: id } = await synadm('history', 'purge', room, '-i', String(kept), '--delete-local');
  const done = await eventually(
    () => synadm('history', 'purge-status', String(id)),
    answer => String(answer.status) === 'complete',
  );
  assert.equal(done.status, 'complete');
  await by.refused(404, 'M_NOT_FOUND', 'GET', `c/v3/rooms/${room}/event/${old}`);
  await by.ok('GET', `c/v3/rooms/${room}/event/${kept}`);
}

async function media(_: TestContext, world: AdminWorld, synadm: Synadm): Promise<void> {
  const hugo = await world.user('hugo');
  const file = await world.upload(hugo, 'some bytes', 'a.txt');
  const other = await world.upload(hugo, 'other bytes', 'b.txt');
  const { media } = await synadm('user', 'media', 'hugo');
  assert.deepEqual(
    list(media)
      .map(each => String(each.media_id))
      .toSorted(),
    [file, other].toSorted(),
  );
  assert.equal(Number((await synadm('media', 'list', '-u', 'hugo')).total), 2);
  await synadm('media', 'quarantine', '-i', file, '-s', SERVER);
  assert.equal(await world.download(hugo, file), 404);
  await synadm('media', 'unquarantine', '-i', file, '-s', SERVER);
  assert.equal(await world.download(hugo, file), 200);
  await synadm('media', 'protect', other);
  assert.equal(Number((await synadm('media', 'quarantine', '-u', hugo.id)).num_quarantined), 1);
  assert.deepEqual([await world.download(hugo, file), await world.download(hugo, other)], [404, 200]);
  await synadm('media', 'delete', '-i', other);
  assert.equal(await world.download(hugo, other), 404);
  assert.equal(Number((await synadm('media', 'purge', '-d', '1')).deleted), 0);
}

async function rest(_: TestContext, world: AdminWorld, root: Caller, synadm: Synadm): Promise<void> {
  assert.equal((await synadm('regtok', 'new', '-n', 'come-in', '-u', '2')).token, 'come-in');
  assert.equal(Number((await synadm('regtok', 'update', 'come-in', '-u', '5')).uses_allowed), 5);
  assert.equal(Number((await synadm('regtok', 'details', 'come-in')).uses_allowed), 5);
  assert.equal(list((await synadm('regtok', 'list', '-v')).registration_tokens).length, 1);
  assert.match(String((await synadm('regtok', 'delete', 'come-in')).text), /deleted/);
  assert.equal((await synadm('regtok', 'details', 'come-in')).errcode, 'M_NOT_FOUND');
  assert.match(String((await synadm('version')).server_version), /./);
  assert.equal(Number((await synadm('raw', 'v1/rooms?limit=1')).offset), 0);
  assert.equal((await synadm('matrix', 'raw', 'client/v3/account/whoami')).user_id, root.id);
  const ida = await world.user('ida');
  await synadm('notice', 'send', ida.id, 'It rains', '<b>It rains</b>');
  const { rooms } = await ida.ok('GET', 'c/v3/sync?timeout=0');
  assert.equal(Object.keys(rooms?.invite ?? {}).length, 1);
}
