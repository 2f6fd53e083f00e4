import type { Command } from 'commander';
import type { Json, JsonObject } from '../core/json.ts';
import { type AdminCommands, addAdminCommand, flagOption, textOption } from './admin-command.ts';
import {
  type AdminServer,
  allPages,
  type PasswordSource,
  part,
  RefusedError,
  type Shown,
  UsageError,
  userIdOf,
} from './admin-server.ts';
import { factsText, shownText, tableText, timeText } from './table-text.ts';

/** Under this name the server gives the reason of those who ask for an account. */
const REASON = 'io.copse.reason';

/** `copse user ls|show|rm|passwd|lock|...`; `add` stands apart, since it needs no server. */
export function addUserCommands(commands: AdminCommands, user: Command): void {
  const add = addAdminCommand.bind(undefined, commands, user);
  add(
    {
      name: 'ls',
      description: 'list accounts',
      options: [
        ['--search <text>', 'those whose name or display name has this in it'],
        ['--admins', 'administrators of the server'],
        ['--pending', 'those who wait for approval, with their reasons'],
        ['--locked', 'locked ones'],
        ['--closed', 'deactivated ones'],
        ['--all', 'closed and locked ones too'],
        ['--sort <column>', 'name, displayname, creation_ts or last_seen_ts'],
      ],
    },
    listUsers,
  );
  add({ name: 'show <name>', description: 'tell all about an account' }, showUser);
  add(
    {
      name: 'rm <name>',
      description: 'close an account for good: it leaves its rooms and cannot log in',
      options: [['--erase', 'hide what it said from those who come later, and delete its profile']],
    },
    (server, [name], options) =>
      done(server, name, 'is closed', id =>
        server.call('POST', `v1/deactivate/${part(id)}`, { erase: flagOption(options, 'erase') }),
      ),
  );
  addPasswordCommand(commands, user);
  addSwitches(commands, user);
  add(
    {
      name: 'admin <name>',
      description: 'make an account a server administrator',
      options: [['--revoke', 'take that away again']],
    },
    (server, [name], options) => {
      const revoked = flagOption(options, 'revoke');
      const what = revoked ? 'is no server administrator any more' : 'is a server administrator';
      return changed(server, name, what, { admin: !revoked });
    },
  );
  add({ name: 'approve <name>', description: 'let somebody in who asked for an account' }, (server, [name]) =>
    changed(server, name, 'can log in now', { approved: true }),
  );
  add({ name: 'refuse <name>', description: 'refuse somebody an account; the name is free again' }, (server, [name]) =>
    done(server, name, 'is refused', id => server.call('POST', `v1/refuse/${part(id)}`, {})),
  );
  add({ name: 'devices <name>', description: 'list the devices of an account' }, listDevices);
  add(
    {
      name: 'logout <name>',
      description: 'end the sessions of an account',
      options: [['--device <id>', 'of one device only']],
    },
    logOut,
  );
  add({ name: 'rooms <name>', description: 'list the rooms that an account is in, or was' }, listRooms);
}

/** Does something to an account and says that it is done. */
export async function done(
  server: AdminServer,
  name: string | undefined,
  what: string,
  act: (userId: string) => Promise<JsonObject>,
): Promise<Shown> {
  const userId = userIdOf(server, name ?? '');
  return { json: await act(userId), text: `${userId} ${what}.` };
}

/** Changes an account that there is: the server would make one that is not. */
function changed(server: AdminServer, name: string | undefined, what: string, change: JsonObject): Promise<Shown> {
  return done(server, name, what, async id => {
    const path = `v2/users/${part(id)}`;
    await server.call('GET', path);
    return server.call('PUT', path, change);
  });
}

/** What can be switched on and off again. */
function addSwitches(commands: AdminCommands, user: Command): void {
  const switches: readonly (readonly [string, string, string, JsonObject])[] = [
    ['lock', 'shut an account out until it is unlocked', 'is locked', { locked: true }],
    ['unlock', 'let a locked account in again', 'is unlocked', { locked: false }],
    ['suspend', 'let an account read, but not write', 'is suspended', { suspended: true }],
    ['unsuspend', 'let a suspended account write again', 'can write again', { suspended: false }],
  ];
  for (const [name, description, what, change] of switches) {
    addAdminCommand(commands, user, { name: `${name} <name>`, description }, (server, [who]) =>
      changed(server, who, what, change),
    );
  }
}

function addPasswordCommand(commands: AdminCommands, user: Command): void {
  const words = {
    name: 'passwd <name>',
    description: 'set the password of an account; its sessions end',
    options: [
      ['--password-stdin', 'take the password from standard input'],
      ['--random', 'make one up and print it'],
      ['--keep-sessions', 'let its sessions go on'],
    ],
  } as const;
  addAdminCommand(commands, user, words, async (server, [name], options) => {
    const userId = userIdOf(server, name ?? '');
    await server.call('GET', `v2/users/${part(userId)}`);
    const random = flagOption(options, 'random');
    const source: PasswordSource = random ? 'random' : flagOption(options, 'passwordStdin') ? 'stdin' : 'ask';
    const password = await commands.surroundings.password(source);
    const body = { new_password: password, logout_devices: !flagOption(options, 'keepSessions') };
    await server.call('POST', `v1/reset_password/${part(userId)}`, body);
    const json = { user_id: userId, ...(random && { password }) };
    return { json, text: `${userId} has a new password${random ? `: ${password}` : '.'}` };
  });
}

async function listUsers(
  server: AdminServer,
  _: readonly string[],
  options: Parameters<typeof textOption>[0],
): Promise<Shown> {
  const [pending, closed, locked, all] = ['pending', 'closed', 'locked', 'all'].map(name => flagOption(options, name));
  const query = {
    name: textOption(options, 'search'),
    admins: flagOption(options, 'admins') ? true : undefined,
    approved: pending ? false : undefined,
    locked: locked || closed || all ? true : undefined,
    deactivated: all ? undefined : closed === true,
    order_by: textOption(options, 'sort'),
  };
  const found = await allPages(server, 'v3/users', query, 'users');
  const users = locked ? found.filter(user => user.locked === true) : found;
  return { json: users, text: pending ? pendingText(users) : usersText(users) };
}

function usersText(users: readonly JsonObject[]): string {
  const rows = users.map(user => [
    shownText(user.name),
    shownText(user.displayname, 30),
    marksOf(user),
    timeText(user.creation_ts),
    timeText(user.last_seen_ts),
  ]);
  return tableText(['name', 'display name', 'marks', 'made', 'last seen'], rows, 'No account fits.');
}

function pendingText(users: readonly JsonObject[]): string {
  const rows = users.map(user => [shownText(user.name), timeText(user.creation_ts), shownText(user[REASON], 80)]);
  return tableText(['name', 'asked', 'reason'], rows, 'Nobody waits for approval.');
}

function marksOf(user: JsonObject): string {
  const marks = [
    user.admin === true && 'admin',
    user.deactivated === true && 'closed',
    user.locked === true && 'locked',
    user.suspended === true && 'suspended',
    user.approved === false && 'waits',
    user.is_guest === true && 'guest',
    user.user_type,
  ];
  return (
    marks
      .filter(mark => typeof mark === 'string')
      .map(mark => shownText(mark))
      .join(', ') || '-'
  );
}

async function showUser(server: AdminServer, [name]: readonly string[]): Promise<Shown> {
  const path = part(userIdOf(server, name ?? ''));
  const user = await server.call('GET', `v2/users/${path}`);
  const { total: rooms = 0 } = await server.call('GET', `v1/users/${path}/joined_rooms`);
  const { total: devices = 0 } = await server.call('GET', `v2/users/${path}/devices`);
  const { total: files = 0 } = await server.call('GET', `v1/users/${path}/media?limit=1`);
  const addresses = ((user.threepids ?? []) as JsonObject[]).map(({ address }) => shownText(address));
  const facts: [string, string][] = [
    ['name', shownText(user.name)],
    ['display name', shownText(user.displayname)],
    ['picture', shownText(user.avatar_url, 120)],
    ['marks', marksOf(user)],
    ['made', timeText(Number(user.creation_ts) * 1000)],
    ['last seen', timeText(user.last_seen_ts)],
    ['mail', addresses.join(', ') || '-'],
    ['rooms', String(rooms)],
    ['devices', String(devices)],
    ['files', String(files)],
  ];
  if (user[REASON] !== undefined) facts.push(['reason', shownText(user[REASON], 500)]);
  return { json: { ...user, rooms, devices, files }, text: factsText(facts) };
}

async function listDevices(server: AdminServer, [name]: readonly string[]): Promise<Shown> {
  const { devices = [] } = await server.call('GET', `v2/users/${part(userIdOf(server, name ?? ''))}/devices`);
  const rows = (devices as JsonObject[]).map(device => [
    shownText(device.device_id),
    shownText(device.display_name, 40),
    timeText(device.last_seen_ts),
    shownText(device.last_seen_ip),
    shownText(device.last_seen_user_agent, 50),
  ]);
  const headings = ['device', 'name', 'last seen', 'address', 'client'];
  return { json: devices, text: tableText(headings, rows, 'The account has no devices.') };
}

async function logOut(
  server: AdminServer,
  [name]: readonly string[],
  options: Parameters<typeof textOption>[0],
): Promise<Shown> {
  const userId = userIdOf(server, name ?? '');
  const path = `v2/users/${part(userId)}`;
  const one = textOption(options, 'device');
  const { devices = [] } = await server.call('GET', `${path}/devices`);
  const ids = (devices as JsonObject[])
    .map(device => String(device.device_id))
    .filter(id => one === undefined || id === one);
  if (one !== undefined && ids.length === 0) {
    throw new UsageError(`There is no device ${one}. \`copse user devices ${name}\` lists what there is.`);
  }
  await server.call('POST', `${path}/delete_devices`, { devices: ids });
  const text = ids.length === 1 ? '1 device is logged out.' : `${ids.length} devices are logged out.`;
  return { json: { logged_out: ids }, text: `${userId}: ${text}` };
}

async function listRooms(server: AdminServer, [name]: readonly string[]): Promise<Shown> {
  const path = part(userIdOf(server, name ?? ''));
  const { memberships = {} } = await server.call('GET', `v1/users/${path}/memberships`);
  const rooms: JsonObject[] = [];
  for (const [roomId, membership = null] of Object.entries(memberships as JsonObject))
    rooms.push({ room_id: roomId, membership, name: await roomName(server, roomId) });
  const rows = rooms.map(room => [shownText(room.room_id, 80), shownText(room.membership), shownText(room.name)]);
  return { json: rooms, text: tableText(['room', 'membership', 'name'], rows, 'The account is in no room.') };
}

/** Of the rooms that somebody is invited to, nothing may be known here. */
async function roomName(server: AdminServer, roomId: string): Promise<Json> {
  try {
    return (await server.call('GET', `v1/rooms/${part(roomId)}`)).name ?? null;
  } catch (error) {
    if (error instanceof RefusedError && error.errcode === 'M_NOT_FOUND') return null;
    throw error;
  }
}
