import type { PeerFacts } from '../facts.ts';
import type { Check, Verdict } from '../verdict.ts';
import { countText, momentText, someText } from '../words.ts';
import { firstOf, lossText, missingAtLeast, roomText, waitsTooLong } from './reading.ts';

/** What is so young may be on its way. */
const ON_ITS_WAY_MS = 10_000;

export const missingEvents: Check = {
  cause: 'D20',
  title: 'events are missing in rooms that we share',
  scope: 'peer',
  explain: `An event that came builds on others that did not, or the server names newer events than we have: a hole or a lost tail. A
transaction was acknowledged and not stored, or the server that made them could not reach us and somebody else's event could.
Found in our table of holes, and by asking the server what each room ends with there.
Helps: fetching them from any server that is in the room. What none of them has is lost, and shown.`,
  judge: (peer, { takenAt }) => judged(peer, takenAt),
};

function judged(peer: PeerFacts, now: number): Verdict | undefined {
  const rooms = peer.rooms.filter(room => {
    // What came and waits for too long is told of as that (D22).
    const absent = room.probe?.unknown.filter(
      ({ waitsSince }) => waitsSince === undefined || !waitsTooLong(waitsSince, now),
    );
    const old = absent?.filter(({ ts }) => ts === null || ts < now - ON_ITS_WAY_MS) ?? [];
    return old.length > 0 || room.missing > 0;
  });
  if (rooms.length === 0) return undefined;
  const holes = rooms.flatMap(room => room.holes);
  const since = Math.min(...holes.map(({ firstSeen }) => firstSeen));
  return {
    confidence: 'proven',
    since: firstOf([
      ...holes.map(({ firstSeen }) => firstSeen),
      ...rooms.flatMap(room => room.probe?.unknown.map(({ ts }) => ts) ?? []),
    ]),
    effect: lossText(peer, rooms),
    proof: [
      ...rooms
        .slice(0, 4)
        .map(
          room =>
            `${roomText(room)}: ${countText(missingAtLeast(room), 'event')}${room.lost > 0 ? `, ${room.lost} that nobody has` : ''}; ours end at depth ${room.depth}${room.probe?.depth == null ? '' : `, theirs at ${room.probe.depth - 1}`}`,
        ),
      ...(rooms.length > 4 ? [`and ${countText(rooms.length - 4, 'more room')}`] : []),
      ...(holes.length > 0
        ? [`missing since ${momentText(since)}: ${someText(holes.map(({ eventId }) => eventId))}`]
        : []),
    ],
    repair: { kind: 'fill_rooms', lines: ['fetch them from this server and the others in the rooms'] },
  };
}
