import type { Command } from 'commander';
import type { JsonObject } from '../core/json.ts';
import { type FoundEvent, foundText } from '../federation/doctor/find-events.ts';
import { type Trace, traceText } from '../federation/doctor/trace.ts';
import { type AdminCommands, addAdminCommand, flagOption, type Options, textOption } from './admin-command.ts';
import { type AdminServer, part, RefusedError, type Shown, UsageError } from './admin-server.ts';

/** `copse trace EVENT_ID`: what became of an event; `copse trace --room ROOM`: which events there are. */
export function addTraceCommand(commands: AdminCommands, program: Command): void {
  const words = {
    name: 'trace [event]',
    description: 'tell what became of an event: from whom it came, whether it was believed, whom it reached',
    options: [
      ['--ask', 'ask other servers of the room whether they have it'],
      ['--room <room>', 'list events of a room instead, the newest first, whatever became of them'],
      ['--user <user>', 'of one user'],
      ['--at <time>', 'made before a time, such as 2026-11-28T12:00Z'],
    ],
  } as const;
  addAdminCommand(commands, program, words, async (server, [eventId], options) => {
    const room = textOption(options, 'room');
    if (room !== undefined) return found(server, room, options);
    if (eventId === undefined) throw new UsageError('Name an event, or a room with --room.');
    const json = await ask(server, `copse/v1/trace/${part(eventId)}${flagOption(options, 'ask') ? '?ask=true' : ''}`);
    return { json, text: traceText(json as unknown as Trace) };
  });
}

async function found(server: AdminServer, room: string, options: Options): Promise<Shown> {
  const query = new URLSearchParams({ room_id: room });
  const [user, at] = [textOption(options, 'user'), textOption(options, 'at')];
  if (user !== undefined) query.set('sender', user);
  if (at !== undefined) query.set('ts', String(timeIn(at)));
  const json = await ask(server, `copse/v1/trace?${query}`);
  return { json, text: foundText(json.events as unknown as FoundEvent[]) };
}

/** @throws RefusedError with what to do when no server runs, or one that keeps to itself */
async function ask(server: AdminServer, path: string): Promise<JsonObject> {
  try {
    return await server.call('GET', path);
  } catch (error) {
    if (!(error instanceof RefusedError) || error.errcode !== 'M_UNRECOGNIZED') throw error;
    throw new RefusedError(
      error.errcode,
      'Only a server that runs, with federation, can tell: start it with ./copse up.',
    );
  }
}

function timeIn(text: string): number {
  const ts = Date.parse(text);
  if (Number.isNaN(ts)) throw new UsageError(`${text} is no time; 2026-11-28T12:00Z is one.`);
  return ts;
}
