import type { Command } from 'commander';
import type { Json, JsonObject } from '../core/json.ts';
import type { MoveOutcome, MoveStatus } from '../db/moving/database-move.ts';
import { type AdminCommands, addAdminCommand, flagOption } from './admin-command.ts';
import { type AdminServer, type AdminSurroundings, RefusedError, type Shown, UsageError } from './admin-server.ts';

const PATH = 'copse/v1/database/move';
const LOOK_MS = 500;

/** `copse migrate`: moves the database of a running server to PostgreSQL, and back until that is confirmed. */
export function addMigrateCommands(commands: AdminCommands, migrate: Command): void {
  const { surroundings } = commands;
  const to = {
    name: 'postgres <url>',
    description: 'move to this PostgreSQL database, which must be empty, while users go on',
  };
  addAdminCommand(commands, migrate, to, async (server, [url = ''], options) => {
    if (!/^postgres(ql)?:\/\/./.test(url))
      throw new UsageError('Write a URL such as postgres://copse:secret@127.0.0.1/copse');
    await ask(server, 'POST', PATH, { url });
    return ended(surroundings, server, flagOption(options, 'json'));
  });
  addAdminCommand(commands, migrate, { name: 'status', description: 'tell where the database is' }, async server => {
    const status = await statusOf(server);
    return { json: status as unknown as Json, text: statusText(status) };
  });
  const confirm = {
    name: 'confirm',
    description: 'stay with PostgreSQL for good: the SQLite file is kept up to date no more',
  };
  addAdminCommand(commands, migrate, confirm, async server => {
    const json = await ask(server, 'POST', `${PATH}/confirm`);
    return {
      json,
      text: 'PostgreSQL is the database for good. Set `database.url` in the settings; copse.db in the data folder can be deleted.',
    };
  });
  const back = { name: 'back', description: 'go back to SQLite, with everything that was written since' };
  addAdminCommand(commands, migrate, back, async (server, _, options) => {
    await ask(server, 'POST', `${PATH}/back`);
    return ended(surroundings, server, flagOption(options, 'json'));
  });
}

/** @throws RefusedError with what to do when no server runs */
async function ask(server: AdminServer, method: 'GET' | 'POST', path: string, body?: JsonObject): Promise<JsonObject> {
  try {
    return await server.call(method, path, body);
  } catch (error) {
    if (!(error instanceof RefusedError) || error.errcode !== 'M_UNRECOGNIZED') throw error;
    throw new RefusedError(error.errcode, 'The server moves its database itself: start it with ./copse up.');
  }
}

async function statusOf(server: AdminServer): Promise<MoveStatus> {
  return (await ask(server, 'GET', PATH)) as unknown as MoveStatus;
}

/** Waits for the end of a move, and tells how it goes. Who does not want to wait interrupts: the server goes on. */
async function ended({ sleep, print }: AdminSurroundings, server: AdminServer, isQuiet: boolean): Promise<Shown> {
  let told = '';
  for (;;) {
    const status = await statusOf(server);
    if (status.progress === undefined) return outcome(status);
    const { phase } = status.progress;
    const text = progressText(status.progress);
    if (!isQuiet && (phase !== 'copying' ? phase !== told : text !== told)) print(text);
    told = phase === 'copying' ? text : phase;
    await sleep(LOOK_MS);
  }
}

/** @throws RefusedError when it failed */
function outcome({ last, ...status }: MoveStatus): Shown {
  if (last === undefined)
    throw new RefusedError('M_UNKNOWN', 'The server was started anew meanwhile: see copse migrate status.');
  if (last.error !== undefined) throw new RefusedError('M_UNKNOWN', `Nothing was moved: ${last.error}`);
  return { json: { ...status, last } as unknown as Json, text: outcomeText(last) };
}

function outcomeText({ to, rows = 0, tables = 0, pausedMs = 0, seconds = 0 }: MoveOutcome): string {
  const done =
    `The database is ${to === 'postgres' ? 'PostgreSQL' : 'SQLite'} now: ${rows} rows of ${tables} tables, equal by number and hash, ` +
    `in ${seconds.toFixed(0)} s. Writers waited ${(pausedMs / 1000).toFixed(2)} s.`;
  if (to === 'sqlite') return `${done} Take \`database.url\` out of the settings if you have set it.`;
  return (
    `${done}\nThe SQLite file is kept up to date. \`copse migrate back\` goes back to it; ` +
    '`copse migrate confirm` gives that up, when you are content.'
  );
}

function statusText({ database, isUnconfirmed, progress, last, wayBack }: MoveStatus): string {
  const lines = [`database  ${database === 'postgres' ? 'PostgreSQL' : 'SQLite'}`];
  if (progress !== undefined) lines.push(`moving    to ${progress.to}: ${progressText(progress)}`);
  if (last?.error !== undefined) lines.push(`failed    ${last.error}`);
  if (isUnconfirmed) lines.push('way back  open: copse migrate confirm gives it up, copse migrate back takes it');
  if (wayBack?.error !== undefined) lines.push(`          SQLite is not up to date: ${wayBack.error}`);
  return lines.join('\n');
}

function progressText({ phase, table, rows, all, backlog }: NonNullable<MoveStatus['progress']>): string {
  const share = rows !== undefined && all !== undefined && all > 0 ? ` ${Math.floor((100 * rows) / all)} %` : '';
  return [
    phase,
    share,
    table === undefined ? '' : ` (${table})`,
    backlog === undefined ? '' : ` (${backlog} changes)`,
  ].join('');
}
