import type { Command } from 'commander';
import type { JsonObject } from '../core/json.ts';
import { type AdminCommands, addAdminCommand } from './admin-command.ts';
import { type AdminServer, allPages, part, UsageError } from './admin-server.ts';
import { factsText, shownText, tableText, timeText } from './table-text.ts';

const KINDS = ['event', 'room', 'user'] as const;
type Kind = (typeof KINDS)[number];

/** `copse report ls|show|rm`: what users have reported. Its ID is its kind and a number: `event/12`. */
export function addReportCommands(commands: AdminCommands, report: Command): void {
  const add = addAdminCommand.bind(undefined, commands, report);
  add({ name: 'ls', description: 'list what users have reported, the newest first' }, async server => {
    const reports = (await Promise.all(KINDS.map(kind => ofKind(server, kind)))).flat();
    reports.sort((a, b) => Number(b.received_ts) - Number(a.received_ts));
    const rows = reports.map(one => [
      String(one.report),
      timeText(one.received_ts),
      shownText(one.user_id),
      shownText(one.sender ?? one.target_user_id ?? one.room_id),
      shownText(one.reason),
    ]);
    return {
      json: reports,
      text: tableText(['report', 'when', 'by', 'about', 'reason'], rows, 'Nobody has reported anything.'),
    };
  });
  add({ name: 'show <report>', description: 'tell all about a report' }, async (server, [name = '']) => {
    const json = await server.call('GET', pathOf(name));
    const facts = Object.entries(json).filter(([key]) => key !== 'event_json');
    const content = ((json.event_json ?? {}) as JsonObject).content;
    const shown = facts.map(([key, value]): [string, string] => [
      key.replaceAll('_', ' '),
      key === 'received_ts' ? timeText(value) : shownText(value, 500),
    ]);
    if (content !== undefined) shown.push(['content', shownText(JSON.stringify(content), 2000)]);
    return { json, text: factsText(shown) };
  });
  add({ name: 'rm <report>', description: 'take a report away that was dealt with' }, async (server, [name = '']) => ({
    json: await server.call('DELETE', pathOf(name)),
    text: `The report ${shownText(name)} is gone.`,
  }));
}

async function ofKind(server: AdminServer, kind: Kind): Promise<JsonObject[]> {
  const reports = await allPages(server, `v1/${kind}_reports`, {}, `${kind}_reports`);
  return reports.map(one => ({ report: `${kind}/${one.id}`, ...one }));
}

/** @throws UsageError */
function pathOf(name: string): string {
  const [, kind, id] = /^(event|room|user)\/([0-9]+)$/.exec(name) ?? [];
  if (kind === undefined || id === undefined)
    throw new UsageError(`${name} is no report: write one such as event/12, as \`copse report ls\` shows them.`);
  return `v1/${kind}_reports/${part(id)}`;
}
