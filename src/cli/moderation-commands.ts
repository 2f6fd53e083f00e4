import type { Command } from 'commander';
import { type AdminCommands, addAdminCommand, textOption } from './admin-command.ts';
import { part, roomIdOf, userIdOf } from './admin-server.ts';
import { awaitTask } from './await-task.ts';
import { countOption } from './given.ts';
import { done } from './user-commands.ts';

/** `copse user redact|notice`: what reaches into rooms. */
export function addModerationCommands(commands: AdminCommands, user: Command): void {
  const redact = {
    name: 'redact <name>',
    description: 'redact what a user said, in all rooms unless --room is given',
    options: [
      ['--room <room>', 'in this room only'],
      ['--reason <text>', 'what is said about it in the rooms'],
      ['--limit <number>', 'the newest so many in each room (default: 1000)'],
    ],
  } as const;
  addAdminCommand(commands, user, redact, async (server, [name = ''], options) => {
    const userId = userIdOf(server, name);
    const room = textOption(options, 'room');
    const { redact_id: id } = await server.call('POST', `v1/user/${part(userId)}/redact`, {
      rooms: room === undefined ? [] : [await roomIdOf(server, room)],
      reason: textOption(options, 'reason') ?? null,
      limit: countOption(options, 'limit') ?? null,
    });
    const task = await awaitTask(commands.surroundings, server, `v1/user/redact_status/${part(String(id))}`);
    const failed = Object.keys((task.failed_redactions ?? {}) as object).length;
    const rest = failed === 0 ? '' : ` ${failed} events could not be redacted; --json tells why.`;
    return { json: task, text: `What ${userId} said is redacted.${rest}` };
  });
  const notice = {
    name: 'notice <name> <text>',
    description: 'tell a user something in the name of the server',
  } as const;
  addAdminCommand(commands, user, notice, (server, [name, text = '']) =>
    done(server, name, 'is told', userId =>
      server.call('POST', 'v1/send_server_notice', { user_id: userId, content: { msgtype: 'm.text', body: text } }),
    ),
  );
}
