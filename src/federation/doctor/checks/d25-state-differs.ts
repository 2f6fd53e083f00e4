import type { DifferenceFacts, RoomFacts } from '../facts.ts';
import { differenceLines } from '../state-words.ts';
import type { Check } from '../verdict.ts';
import { countText, someText } from '../words.ts';
import { firstOf } from './reading.ts';

export const stateDiffers: Check = {
  cause: 'D25',
  title: 'we and they disagree about the state of a room',
  scope: 'peer',
  explain: `Both know the same newest events and still hold different power levels, members or rules: each refuses what the other allows. What
we send is answered with 200 and shown nowhere.
Found by asking the server for the state after the newest event of a room, and comparing it with ours. Of the first twenty rooms
only, and of those where what the server would let our user leave with is built on events that ours is not built on.
Helps: --take-state ROOM takes the server's state in and resolves it with ours by the rules of the room. It is refused where another
server sides with us, and changes nothing where it is the other server that lacks something.`,
  judge({ rooms, server }) {
    const different = rooms.filter(room => (room.difference?.entries.length ?? 0) > 0 || buildsOnOthers(room));
    if (different.length === 0) return undefined;
    return {
      confidence: 'proven',
      since: firstOf(different.flatMap(({ difference }) => difference?.entries.map(newerOf) ?? [])),
      effect: `in ${countText(different.length, 'room')} we and they may refuse what the other allows: ${partsText(different)}`,
      proof: different.slice(0, 4).flatMap(room => (room.difference ? shown(room, room.difference) : [builtOn(room)])),
      repair: {
        kind: undefined,
        lines: [
          'see that what they have is what the room should have, and take it in:',
          ...different.slice(0, 4).map(({ roomId }) => `  copse doctor federation ${server} --take-state '${roomId}'`),
        ],
      },
    };
  },
};

function buildsOnOthers({ probe, missing }: RoomFacts): boolean {
  return (
    probe !== null &&
    probe.unknown.length === 0 &&
    missing === 0 &&
    probe.authThere.some(id => !probe.authHere.includes(id))
  );
}

type Entry = DifferenceFacts['entries'][number];

/** When the two parted over something: when the later of what they hold was made. */
function newerOf({ there, here }: Entry): number | undefined {
  const made = [there?.ts, here?.ts].filter(ts => ts != null);
  return made.length === 0 ? undefined : Math.max(...made);
}

function partsText(rooms: readonly RoomFacts[]): string {
  const known = rooms.reduce(
    (sum, { difference }) => sum + (difference?.entries.length ?? 0) + (difference?.more ?? 0),
    0,
  );
  return known === 0
    ? 'what authorises events differs'
    : `${countText(known, 'part')} of their state ${known === 1 ? 'differs' : 'differ'}`;
}

function shown({ roomId }: RoomFacts, difference: DifferenceFacts): string[] {
  return [
    `${roomId}, after ${difference.after}, which both have last:`,
    ...differenceLines(difference).map(line => `  ${line}`),
  ];
}

function builtOn({ roomId, probe }: RoomFacts): string {
  const theirs = probe?.authThere.filter(id => !probe.authHere.includes(id)) ?? [];
  const ours = probe?.authHere.filter(id => !probe.authThere.includes(id)) ?? [];
  return `${roomId}: with the same newest events it builds on ${someText(theirs)} and we on ${someText(ours) || 'nothing'}`;
}
