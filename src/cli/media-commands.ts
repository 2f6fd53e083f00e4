import type { Command } from 'commander';
import type { Json, JsonObject } from '../core/json.ts';
import { type AdminCommands, addAdminCommand, flagOption, type Options, textOption } from './admin-command.ts';
import {
  type AdminServer,
  allPages,
  mediaOf,
  part,
  queryOf,
  roomIdOf,
  type Shown,
  UsageError,
  userIdOf,
} from './admin-server.ts';
import { ageOption, sizeOption } from './given.ts';
import { sizeText } from './size-text.ts';
import { factsText, shownText, tableText, timeText } from './table-text.ts';

const WHOSE = [
  ['--user <name>', 'what a user has uploaded'],
  ['--room <room>', 'what was sent in a room'],
] as const;

/** `copse media ls|show|rm|quarantine|purge|...` */
export function addMediaCommands(commands: AdminCommands, media: Command): void {
  const add = addAdminCommand.bind(undefined, commands, media);
  add({ name: 'ls', description: 'list files: by user, unless --user or --room is given', options: WHOSE }, listMedia);
  add({ name: 'show <file>', description: 'tell all about a file' }, showMedia);
  add(
    { name: 'rm [file]', description: 'delete a file, or all that a user has uploaded', options: WHOSE.slice(0, 1) },
    removeMedia,
  );
  add(
    { name: 'quarantine [file]', description: 'withhold a file from everybody, wherever it comes up', options: WHOSE },
    quarantine,
  );
  add({ name: 'release <file>', description: 'give a file back that was withheld' }, (server, [file = '']) => {
    const { origin, id } = mediaOf(server, file);
    return said(server, `v1/media/unquarantine/${part(origin)}/${part(id)}`, `${file} is served again.`);
  });
  for (const [name, description, what] of [
    ['protect', 'keep a file of this server out of every quarantine', 'is protected'],
    ['unprotect', 'take that back', 'is not protected any more'],
  ] as const) {
    add({ name: `${name} <file>`, description }, (server, [file = '']) =>
      said(server, `v1/media/${name}/${part(mediaOf(server, file).id)}`, `${file} ${what}.`),
    );
  }
  addPurge(commands, media);
}

async function said(server: AdminServer, path: string, text: string): Promise<Shown> {
  return { json: await server.call('POST', path, {}), text };
}

async function listMedia(server: AdminServer, _: readonly string[], options: Options): Promise<Shown> {
  const [user, room] = [textOption(options, 'user'), textOption(options, 'room')];
  if (room !== undefined) {
    const found = await server.call('GET', `v1/room/${part(await roomIdOf(server, room))}/media`);
    const uris = [...((found.local ?? []) as string[]), ...((found.remote ?? []) as string[])];
    return { json: found, text: uris.length === 0 ? 'There are no files in the room.' : uris.join('\n') };
  }
  if (user === undefined) return usage(server);
  const files = await allPages(server, `v1/users/${part(userIdOf(server, user))}/media`, {}, 'media');
  const rows = files.map(file => [
    shownText(file.media_id),
    sizeText(Number(file.media_length)),
    shownText(file.media_type, 30),
    timeText(file.created_ts),
    timeText(file.last_access_ts),
    marksOf(file),
    shownText(file.upload_name, 40),
  ]);
  const headings = ['file', 'size', 'type', 'uploaded', 'last used', 'marks', 'name'];
  return { json: files, text: tableText(headings, rows, 'The user has uploaded nothing.') };
}

function marksOf(file: JsonObject): string {
  const marks = [file.quarantined_by !== null && 'withheld', file.safe_from_quarantine === true && 'protected'];
  return marks.filter(mark => typeof mark === 'string').join(', ') || '-';
}

async function usage(server: AdminServer): Promise<Shown> {
  const query = { order_by: 'media_length', dir: 'b' };
  const users = await allPages(server, 'v1/statistics/users/media', query, 'users');
  const rows = users.map(user => [
    shownText(user.user_id),
    shownText(user.displayname, 30),
    String(user.media_count),
    sizeText(Number(user.media_length)),
  ]);
  return {
    json: users,
    text: tableText(['user', 'display name', 'files', 'size'], rows, 'Nobody has uploaded anything.'),
  };
}

async function showMedia(server: AdminServer, [file = '']: readonly string[]): Promise<Shown> {
  const { origin, id } = mediaOf(server, file);
  const { media_info: info = {} } = await server.call('GET', `v1/media/${part(origin)}/${part(id)}`);
  const about = info as JsonObject;
  const facts: [string, string][] = [
    ['file', `mxc://${origin}/${id}`],
    ['name', shownText(about.upload_name)],
    ['type', shownText(about.media_type)],
    ['size', sizeText(Number(about.media_length))],
    ['user', shownText(about.user_id)],
    ['uploaded', timeText(about.created_ts)],
    ['last used', timeText(about.last_access_ts)],
    ['marks', marksOf(about)],
    ['withheld by', shownText(about.quarantined_by)],
    ['sha256', shownText(about.sha256, 64)],
  ];
  return { json: about, text: factsText(facts) };
}

async function removeMedia(server: AdminServer, [file]: readonly string[], options: Options): Promise<Shown> {
  const user = textOption(options, 'user');
  if ((file === undefined) === (user === undefined)) throw new UsageError('Name a file, or a user with --user.');
  if (file !== undefined) {
    const { origin, id } = mediaOf(server, file);
    return deletedText(await server.call('DELETE', `v1/media/${part(origin)}/${part(id)}`, {}));
  }
  const deleted: Json[] = [];
  for (;;) {
    const path = `v1/users/${part(userIdOf(server, user ?? ''))}/media?limit=500`;
    const { deleted_media: gone = [] } = await server.call('DELETE', path, {});
    deleted.push(...(gone as string[]));
    if ((gone as string[]).length === 0) return deletedText({ deleted_media: deleted, total: deleted.length });
  }
}

function deletedText(answer: JsonObject): Shown {
  const total = Number(answer.total ?? answer.deleted ?? 0);
  return { json: answer, text: total === 1 ? '1 file is deleted.' : `${total} files are deleted.` };
}

async function quarantine(server: AdminServer, [file]: readonly string[], options: Options): Promise<Shown> {
  const [user, room] = [textOption(options, 'user'), textOption(options, 'room')];
  if ([file, user, room].filter(given => given !== undefined).length !== 1)
    throw new UsageError('Name a file, or a user with --user, or a room with --room.');
  if (file !== undefined) {
    const { origin, id } = mediaOf(server, file);
    return said(server, `v1/media/quarantine/${part(origin)}/${part(id)}`, `${file} is withheld.`);
  }
  const path =
    user === undefined
      ? `v1/room/${part(await roomIdOf(server, room ?? ''))}/media/quarantine`
      : `v1/user/${part(userIdOf(server, user))}/media/quarantine`;
  const json = await server.call('POST', path, {});
  return { json, text: `${json.num_quarantined} files are withheld.` };
}

function addPurge(commands: AdminCommands, media: Command): void {
  const words = {
    name: 'purge',
    description:
      'delete files that nobody has used for long: copies of those of other servers, unless --local is given',
    options: [
      ['--older-than <age>', 'such as 90d'],
      ['--local', 'files of this server, which nobody else may have'],
      ['--larger-than <size>', 'with --local: those that are larger than this, such as 10M'],
      ['--pictures', 'with --local: the pictures of users and rooms too'],
    ],
  } as const;
  addAdminCommand(commands, media, words, async (server, _, options) => {
    const before = commands.surroundings.now() - ageOption(options, 'olderThan');
    if (!flagOption(options, 'local')) {
      return deletedText(await server.call('POST', `v1/purge_media_cache?${queryOf({ before_ts: before })}`, {}));
    }
    const query = {
      before_ts: before,
      size_gt: sizeOption(options, 'largerThan'),
      keep_profiles: !flagOption(options, 'pictures'),
    };
    return deletedText(await server.call('POST', `v1/media/delete?${queryOf(query)}`, {}));
  });
}
