import type { DepartedFacts, OwnFacts, WorkFacts } from '../facts.ts';
import type { Check } from '../verdict.ts';
import { countText, momentText, quoted, spanText } from '../words.ts';
import { firstOf } from './reading.ts';

/** Other processes take over within ten seconds. */
const UNHELD_MS = 20_000;
/** Nothing that is done at all waits for so long, even where slow servers are asked. */
const LONG_MS = 30 * 60_000;
/** What waits for nobody else. */
const SOON_MS = 5 * 60_000;
const SOON = new Set(['federation-out', 'push']);

const EFFECTS: Readonly<Record<string, string>> = {
  rooms: 'what other servers sent was acknowledged and is not shown',
  'federation-out': 'other servers are not sent what happens here',
  push: 'nobody is notified',
  appservice: 'bridges and bots are told nothing',
  maintenance: 'what was asked for is not done',
};

export const workNotDone: Check = {
  cause: 'D19',
  title: 'work waits, and who should do it does not',
  scope: 'us',
  explain: `What was acknowledged lies safe in the database, and the process or the loop that should go on with it is gone, frozen (stopped,
swapped out, its disk away) or stands still. With several processes others with the same role take over within ten seconds; where none
has it the work waits.
Found by how long the oldest piece of each queue has been due, and by who holds the lease of that work.
Helps: starting the process again, or another with that role; a loop that stands still is begun anew, which Copse does.`,
  explains: ['D20', 'D22', 'D32'],
  judge({ us, takenAt: now }) {
    const late = lateWork(us, now);
    const [first] = late;
    if (first === undefined) return undefined;
    const unheld = late.filter(({ holder }) => holder === null);
    const gone = (us.departed ?? []).filter(process => unheld.some(work => mayDo(process, work)));
    return {
      confidence: 'proven',
      since: firstOf(late.map(({ since }) => since)),
      effect: [...Map.groupBy(late, ({ role }) => role)]
        .map(([role, these]) => `${EFFECTS[role] ?? `nobody does ${role}`} (${itemsText(these)})`)
        .join('; '),
      proof: [
        ...late.map(each => workText(each, now)),
        ...gone.map(
          ({ name, roles, at }) =>
            `process ${quoted(name)} (${roles.join(', ') || 'everything'}) fell silent and was held for dead ${momentText(at)}`,
        ),
      ],
      repair: {
        kind: unheld.length < late.length ? 'renew_work' : undefined,
        lines: [
          ...late.flatMap(({ work, holder }) => (holder === null ? [] : [`have ${work} begin anew in ${holder}`])),
          ...(unheld.length < late.length ? ['should it go on waiting after that, restart that process'] : []),
          ...gone.map(
            ({ name }) =>
              `where ${quoted(name)} runs: kill -CONT its process if it is stopped (state T in ps); else end it with kill -KILL`,
          ),
          ...[...new Set(unheld.map(({ role }) => role))].map(
            role => `start one that has the role: copse role ${role}`,
          ),
        ],
      },
    };
  },
};

/** Work that has waited for longer than it ever should. */
export function lateWork({ work = [] }: Pick<OwnFacts, 'work'>, now: number): readonly WorkFacts[] {
  return work.filter(each => each.since < now - patienceWith(each));
}

function patienceWith({ work, holder }: WorkFacts): number {
  if (holder === null) return UNHELD_MS;
  return SOON.has(work) ? SOON_MS : LONG_MS;
}

function mayDo({ roles }: DepartedFacts, { role }: WorkFacts): boolean {
  return roles.length === 0 || roles.includes(role);
}

function itemsText(late: readonly WorkFacts[]): string {
  return `${countText(
    late.reduce((sum, { items }) => sum + items, 0),
    'item',
  )} waiting`;
}

function workText({ work, role, items, since, holder }: WorkFacts, now: number): string {
  const who = holder === null ? 'no process does it' : `${holder} should do it`;
  return `${work} (role ${role}): ${countText(items, 'item')}, the first for ${spanText(now - since)}; ${who}`;
}
