import type { Command } from 'commander';
import type { Json, JsonObject } from '../core/json.ts';
import { type AdminCommands, addAdminCommand, flagOption, type Options, textOption } from './admin-command.ts';
import { type AdminServer, allPages, part, roomIdOf, type Shown, userIdOf } from './admin-server.ts';
import { awaitTask } from './await-task.ts';
import { ageOption } from './given.ts';
import { factsText, shownText, tableText } from './table-text.ts';

/** `copse room ls|show|members|rm|block|...` */
export function addRoomCommands(commands: AdminCommands, room: Command): void {
  const add = addAdminCommand.bind(undefined, commands, room);
  add(
    {
      name: 'ls',
      description: 'list rooms',
      options: [
        ['--search <text>', 'those with this in their name, address or ID'],
        ['--sort <column>', 'name, joined_members, joined_local_members, state_events, version, creator ...'],
        ['--reverse', 'the other way round'],
        ['--public', 'those in the room directory'],
        ['--empty', 'those that nobody is in any more'],
      ],
    },
    listRooms,
  );
  add({ name: 'show <room>', description: 'tell all about a room' }, showRoom);
  add({ name: 'members <room>', description: 'list who is in a room' }, listMembers);
  addRemoval(commands, room);
  add({ name: 'block <room>', description: 'let nobody of this server into a room, known here or not' }, block(true));
  add({ name: 'unblock <room>', description: 'let users into a blocked room again' }, block(false));
  add(
    {
      name: 'admin <room> <user>',
      description: 'give a user the most power that somebody of this server has in a room',
    },
    async (server, [name = '', user = '']) => {
      const [roomId, userId] = [await roomIdOf(server, name), userIdOf(server, user)];
      const json = await server.call('POST', `v1/rooms/${part(roomId)}/make_room_admin`, { user_id: userId });
      return { json, text: `${userId} has the power in ${roomId} that this server can give.` };
    },
  );
  add(
    { name: 'join <room> <user>', description: 'bring a user into a room that they could join themselves' },
    async (server, [name = '', user = '']) => {
      const [roomId, userId] = [await roomIdOf(server, name), userIdOf(server, user)];
      const json = await server.call('POST', `v1/join/${part(roomId)}`, { user_id: userId });
      return { json, text: `${userId} is in ${roomId}.` };
    },
  );
  addHistoryPurge(commands, room);
}

async function listRooms(server: AdminServer, _: readonly string[], options: Options): Promise<Shown> {
  const query = {
    search_term: textOption(options, 'search'),
    order_by: textOption(options, 'sort'),
    dir: flagOption(options, 'reverse') ? 'b' : undefined,
    public_rooms: flagOption(options, 'public') ? true : undefined,
    empty_rooms: flagOption(options, 'empty') ? true : undefined,
  };
  const rooms = await allPages(server, 'v1/rooms', query, 'rooms');
  const rows = rooms.map(room => [
    shownText(room.room_id, 80),
    shownText(room.name, 30),
    shownText(room.canonical_alias, 40),
    `${room.joined_members} (${room.joined_local_members} here)`,
    marksOf(room),
  ]);
  return { json: rooms, text: tableText(['room', 'name', 'address', 'members', 'marks'], rows, 'No room fits.') };
}

function marksOf(room: JsonObject): string {
  const marks = [
    room.public === true && 'listed',
    room.join_rules !== 'public' && room.join_rules,
    room.encryption !== null && 'encrypted',
    room.federatable === false && 'local',
    room.room_type,
    `v${room.version}`,
  ];
  return marks
    .filter(mark => typeof mark === 'string')
    .map(mark => shownText(mark))
    .join(', ');
}

async function showRoom(server: AdminServer, [name = '']: readonly string[]): Promise<Shown> {
  const path = `v1/rooms/${part(await roomIdOf(server, name))}`;
  const room = await server.call('GET', path);
  const blocked = await server.call('GET', `${path}/block`);
  const { count = 0 } = await server.call('GET', `${path}/forward_extremities`);
  const facts: [string, string][] = [
    ['room', shownText(room.room_id, 80)],
    ['name', shownText(room.name)],
    ['topic', shownText(room.topic, 200)],
    ['address', shownText(room.canonical_alias)],
    ['members', `${room.joined_members}, ${room.joined_local_members} of them here`],
    ['devices here', String(room.joined_local_devices)],
    ['marks', marksOf(room)],
    ['creator', shownText(room.creator)],
    ['history', shownText(room.history_visibility)],
    ['guests', shownText(room.guest_access)],
    ['state events', String(room.state_events)],
    ['extremities', String(count)],
    ['blocked', blocked.block === true ? `by ${shownText(blocked.user_id)}` : 'no'],
  ];
  if (room.tombstoned === true) facts.push(['replaced by', shownText(room.replacement_room, 80)]);
  return { json: { ...room, blocked: blocked.block ?? false, extremities: count }, text: factsText(facts) };
}

async function listMembers(server: AdminServer, [name = '']: readonly string[]): Promise<Shown> {
  const { members = [] } = await server.call('GET', `v1/rooms/${part(await roomIdOf(server, name))}/members`);
  const lines = (members as string[]).map(member => shownText(member, 255));
  return { json: members, text: lines.length === 0 ? 'Nobody is in the room.' : lines.join('\n') };
}

function block(blocked: boolean) {
  return async (server: AdminServer, [name = '']: readonly string[]): Promise<Shown> => {
    const roomId = await roomIdOf(server, name);
    const json = await server.call('PUT', `v1/rooms/${part(roomId)}/block`, { block: blocked });
    return { json, text: `${roomId} is ${blocked ? 'blocked' : 'open again'}.` };
  };
}

function addRemoval(commands: AdminCommands, room: Command): void {
  const words = {
    name: 'rm <room>',
    description: 'take the users of this server out of a room and delete it',
    options: [
      ['--block', 'let nobody in again'],
      ['--keep', 'keep what is in the database'],
      ['--force', 'delete it even if a user could not be taken out'],
      ['--move-to <user>', 'make a new room in the name of this user and bring everybody there'],
      ['--message <text>', 'what is said in the new room'],
      ['--title <text>', 'the name of the new room'],
    ],
  } as const;
  addAdminCommand(commands, room, words, async (server, [name = ''], options) => {
    const roomId = await roomIdOf(server, name);
    const mover = textOption(options, 'moveTo');
    const { delete_id: id } = await server.call('DELETE', `v2/rooms/${part(roomId)}`, {
      block: flagOption(options, 'block'),
      purge: !flagOption(options, 'keep'),
      force_purge: flagOption(options, 'force'),
      new_room_user_id: mover === undefined ? null : userIdOf(server, mover),
      message: textOption(options, 'message') ?? null,
      room_name: textOption(options, 'title') ?? null,
    });
    const path = `v2/rooms/delete_status/${part(String(id))}`;
    const isHeldUp = (task: JsonObject) => !server.isRunning && waitsForServer(task);
    const task = await awaitTask(commands.surroundings, server, path, isHeldUp);
    return { json: task, text: removalText(roomId, task) };
  });
}

/** Whether it cannot go on before the server runs: the index of search is read by commands, too. */
function waitsForServer({ waiting_for: readers }: JsonObject): boolean {
  return Array.isArray(readers) && readers.some(reader => reader !== 'search');
}

function removalText(roomId: string, task: JsonObject): string {
  const result = (task.shutdown_room ?? {}) as JsonObject;
  const size = (list: Json | undefined) => (Array.isArray(list) ? list.length : 0);
  const isGone = task.status === 'complete';
  const lines = [
    `${roomId} is ${isGone ? 'gone' : 'empty'}: ${size(result.kicked_users)} users of this server were in it.`,
  ];
  if (!isGone) lines.push('It is deleted when the server runs and has told others that they left.');
  if (size(result.failed_to_kick_users) > 0)
    lines.push(
      `Could not be taken out: ${(result.failed_to_kick_users as string[]).map(user => shownText(user)).join(', ')}`,
    );
  if (typeof result.new_room_id === 'string') lines.push(`They are in ${result.new_room_id} now.`);
  return lines.join('\n');
}

function addHistoryPurge(commands: AdminCommands, room: Command): void {
  const words = {
    name: 'purge <room>',
    description: 'delete what was said in a room; its state stays',
    options: [
      ['--older-than <age>', 'such as 90d'],
      ['--local', 'what users of this server said, too: nobody else may have it'],
    ],
  } as const;
  addAdminCommand(commands, room, words, async (server, [name = ''], options) => {
    const { surroundings } = commands;
    const roomId = await roomIdOf(server, name);
    const { purge_id: id } = await server.call('POST', `v1/purge_history/${part(roomId)}`, {
      purge_up_to_ts: surroundings.now() - ageOption(options, 'olderThan'),
      delete_local_events: flagOption(options, 'local'),
    });
    const task = await awaitTask(surroundings, server, `v1/purge_history_status/${part(String(id))}`);
    return { json: task, text: `The history of ${roomId} is cleared up to there.` };
  });
}
