import type { FailureFacts, OwnFacts } from '../facts.ts';
import type { Check, Verdict } from '../verdict.ts';
import { bytesText, countText, momentText, quoted } from '../words.ts';

const HOUR_MS = 3_600_000;
/** With less nothing can be written before long. */
const LEAST_FREE = 64 * 1024 ** 2;
/** Once may have been the power. */
const MANY_CUTS = 2;

const LINES: Readonly<Record<FailureFacts['kind'], string>> = {
  disk: 'make room where the data lie (df -h): copse media purge --older-than 30d takes copies of others away',
  locked: 'something else holds the database (fuser copse.db): copy it with sqlite3 copse.db .backup, not with a lock',
  connections: 'raise max_connections of PostgreSQL, or lower database.connections',
  memory: 'give the database more memory, or lower its work_mem',
  database: 'see that the database runs and can be written: copse doctor',
  unknown: 'the log has the error: "A request failed in a way that nobody foresaw."',
};

export const weFail: Check = {
  cause: 'D31',
  title: 'we answer other servers with errors, or are cut off again and again',
  scope: 'us',
  explain: `A full disk, a database that is locked or takes no more connections, or a process that the kernel kills for want of memory: other
servers get 5xx or nothing at all, and back off from us; hours later messages are missing.
Found by counting our own answers of 5xx to other servers with what was behind each, by the room on the disk, and by runs of this
server that ended without a word.
Helps: making room, freeing the database, more memory (the setting memory, or the unit's MemoryMax). Then say hello to those who backed
off; Copse does it at each start.`,
  explains: ['D01', 'D20'],
  judge: ({ us, takenAt: now }) => failing(us, now) ?? fullDisk(us) ?? cutOff(us),
};

function failing({ failing: seen, disk }: OwnFacts, now: number): Verdict | undefined {
  const recent = (seen?.last ?? []).filter(({ at }) => at > now - HOUR_MS);
  const [first] = recent;
  if (first === undefined) return undefined;
  const kinds = [...new Set(recent.map(({ kind }) => kind))];
  return {
    confidence: 'proven',
    since: first.at,
    effect: `requests of other servers were answered with an error of ours (${countText(seen?.count ?? 0, 'request')} since the start); they back off from us`,
    proof: [
      ...recent
        .slice(-3)
        .map(({ at, request, kind, reason }) => `${momentText(at)} ${quoted(request)}: ${kind}: ${quoted(reason)}`),
      ...(kinds.includes('disk') ? diskText(disk) : []),
    ],
    repair: { kind: undefined, lines: kinds.map(kind => LINES[kind]) },
  };
}

function fullDisk({ disk }: OwnFacts): Verdict | undefined {
  if (disk == null || disk.free >= LEAST_FREE) return undefined;
  return {
    confidence: 'proven',
    effect: 'nothing can be stored any more before long, and other servers get errors',
    proof: diskText(disk),
    repair: { kind: undefined, lines: [LINES.disk] },
  };
}

function diskText(disk: OwnFacts['disk']): string[] {
  return disk == null ? [] : [`${bytesText(disk.free)} of ${bytesText(disk.total)} are free where the data lie`];
}

function cutOff({ cutOff: cuts = [] }: OwnFacts): Verdict | undefined {
  if (cuts.length < MANY_CUTS) return undefined;
  return {
    confidence: 'likely',
    since: Math.min(...cuts),
    effect: `other servers met nobody ${countText(cuts.length, 'time')} in the last day, and back off from us`,
    proof: [
      `this server was cut off ${countText(cuts.length, 'time')} in the last day, last before ${momentText(Math.max(...cuts))}`,
    ],
    repair: {
      kind: undefined,
      lines: [
        'see what killed it: journalctl -k -g "Out of memory"; systemctl show -p MemoryMax,Result copse',
        'where it was the memory: raise `memory` in the settings and the limit of its unit',
      ],
    },
  };
}
