import type { Facts, ReturnedFacts } from '../facts.ts';
import type { Check, Repair } from '../verdict.ts';
import { countText, momentText, quoted } from '../words.ts';
import { twoInstances } from './d17-two-instances.ts';

/** Whatever comes back sooner after a new epoch has begun was made by somebody else. */
const DAY_MS = 86_400_000;

export const goneBack: Check = {
  cause: 'D17',
  title: 'others have events of ours that we have lost',
  scope: 'us',
  explain: `A database that was put back to an earlier day (a backup, a snapshot of the machine) gives out again what it gave out before:
positions that clients hold in their tokens, numbers of device lists that other servers take for known, one-time keys that two senders then
share. A server that runs twice with the same name and key does the same. Where the database alone was put back, and is older than ten
minutes, the server notices by itself at its start (docs/backups.md).
Found by events that our own key has signed, that came back from other servers and that we did not have.
Helps: where there is one server alone, a new epoch: all numbers jump ahead of whatever may have been given out, one-time keys count
as given out, and device lists are told anew; Copse does it. Where a second one runs, ending it, then a new epoch.`,
  judge(facts) {
    const { returned } = facts.us;
    if (returned == null || returned.events === 0) return undefined;
    const { events, newest, begunAt } = returned;
    return {
      confidence: 'proven',
      effect: `since ${newest === null ? 'then' : momentText(newest.at)} at the latest, what was given out to clients and other servers is given out a second time: positions of syncs, numbers of device lists, one-time keys`,
      proof: [
        `${countText(events, 'event')} of our own users came back from other servers, and this database had none of them`,
        ...(newest === null
          ? []
          : [`the newest: ${quoted(newest.eventId)}, made ${momentText(newest.at)}, from ${newest.server}`]),
        ...(begunAt === null ? [] : [`the last epoch began ${momentText(begunAt)}`]),
      ],
      repair: repairFor(facts, returned),
    };
  },
};

function repairFor(facts: Facts, { begunAt }: ReturnedFacts): Repair {
  const isAnother = twoInstances.scope === 'us' && twoInstances.judge(facts) !== undefined;
  const isSoon = begunAt !== null && facts.takenAt - begunAt < DAY_MS;
  if (!isAnother && !isSoon)
    return {
      kind: 'bump_epoch',
      lines: ['begin a new epoch: numbers jump ahead, one-time keys count as given out, device lists are told anew'],
    };
  return {
    kind: undefined,
    lines: [
      'another process has our name and key (an old machine, a copy of this one): find it and end it, then:',
      `  curl -X POST .../_synapse/admin/copse/v1/doctor/federation/${facts.us.server}/repair -d '{"kind": "bump_epoch"}'`,
    ],
  };
}
