import { boardTables } from './board-text.ts';
import { durationText, sizeText } from './size-text.ts';
import type { Status } from './status-text.ts';
import { tableText } from './table-text.ts';

/** What `copse top` shows. `now`: milliseconds since 1970. */
export function topText(status: Status, now: number): string {
  const { serverName, version, uptimeSeconds, boards, cluster, placement = [] } = status;
  const alive = boards?.boards.filter(({ isAlive }) => isAlive).length ?? 0;
  const many = boards === undefined ? '' : `, ${alive} of ${boards.boards.length} boards alive`;
  const unheld =
    cluster === undefined || cluster.unheld.length === 0 ? [] : [`nobody does ${cluster.unheld.join(', ')}`];
  return [
    `${serverName}, Copse ${version}, asked of a process that runs for ${durationText(uptimeSeconds)}${many}`,
    ...[...placement, ...unheld].map(words => `! ${words}`),
    '',
    boards === undefined ? ownTable(status) : boardTables(boards, now),
  ].join('\n');
}

/** A server without boards: what the process says of itself, and of others like it. */
function ownTable({ pid, memory, cluster, listeners }: Status): string {
  const own = [
    String(pid),
    sizeText(memory.residentBytes),
    sizeText(memory.limit),
    memory.level,
    listeners[0]?.url ?? '-',
  ];
  const table = tableText(['pid', 'memory', 'of', 'level', 'for clients'], [own], '');
  if (cluster === undefined) return table;
  const rows = cluster.processes.map(({ name, address, roles, work }) => [
    ...[name, address ?? '-', roles.join(', ') || 'everything', work.join(', ') || '-'],
  ]);
  return `${table}\n\n${tableText(['process', 'address', 'does', 'holds'], rows, 'No process lives.')}`;
}
