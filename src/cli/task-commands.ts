import type { Command } from 'commander';
import type { JsonObject } from '../core/json.ts';
import { type AdminCommands, addAdminCommand } from './admin-command.ts';
import { shownText, tableText, timeText } from './table-text.ts';

/** `copse task ls`: what the server does in the background for administrators, and what it did in the last week. */
export function addTaskCommands(commands: AdminCommands, task: Command): void {
  const words = { name: 'ls', description: 'list tasks of the last week, the newest first' };
  addAdminCommand(commands, task, words, async server => {
    const { scheduled_tasks: tasks = [] } = await server.call('GET', 'v1/scheduled_tasks');
    const rows = (tasks as JsonObject[]).map(one => [
      shownText(one.id),
      shownText(one.action),
      shownText(one.status),
      timeText(one.timestamp_ms),
      shownText(one.resource_id, 80),
      shownText(one.error, 120),
    ]);
    const headings = ['task', 'action', 'status', 'last step', 'about', 'error'];
    return { json: tasks, text: tableText(headings, rows, 'There are no tasks.') };
  });
}
