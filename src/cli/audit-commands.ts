import type { Command } from 'commander';
import type { JsonObject } from '../core/json.ts';
import { type AdminCommands, addAdminCommand, textOption } from './admin-command.ts';
import { shownText, tableText, timeText } from './table-text.ts';

/** `copse audit ls`: what administrators have changed. */
export function addAuditCommands(commands: AdminCommands, audit: Command): void {
  const words = {
    name: 'ls',
    description: 'list what administrators asked for, the newest first',
    options: [['--limit <number>', 'how many (default: 100)']] as const,
  };
  addAdminCommand(commands, audit, words, async (server, _, options) => {
    const limit = encodeURIComponent(textOption(options, 'limit') ?? '100');
    const { audit: entries = [] } = await server.call('GET', `v1/audit?limit=${limit}`);
    const rows = (entries as JsonObject[]).map(one => [
      timeText(one.ts),
      shownText(one.user_id),
      shownText(one.ip === '' ? 'command' : one.ip),
      shownText(one.method),
      shownText(one.path, 200),
    ]);
    const headings = ['when', 'who', 'from', 'method', 'what'];
    return { json: entries, text: tableText(headings, rows, 'Nothing has been changed by administrators.') };
  });
}
