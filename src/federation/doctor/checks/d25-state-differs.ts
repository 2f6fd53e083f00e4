import type { Check } from '../verdict.ts';
import { countText, someText } from '../words.ts';

export const stateDiffers: Check = {
  cause: 'D25',
  title: 'we and they disagree about the state of a room',
  scope: 'peer',
  explain: `Both know the same newest events and still hold different power levels, members or rules: each refuses what the other allows. What
we send is answered with 200 and shown nowhere.
Found by what the server would let our user leave with: the events that would authorise it there are not ours.
Helps: taking the state in again from the server and resolving it with ours, which a person has to want.`,
  judge({ rooms }) {
    const different = rooms.filter(
      ({ probe, missing }) =>
        probe !== null &&
        probe.unknown.length === 0 &&
        missing === 0 &&
        probe.authThere.some(id => !probe.authHere.includes(id)),
    );
    if (different.length === 0) return undefined;
    return {
      confidence: 'proven',
      effect: `in ${countText(different.length, 'room')} we and they may refuse what the other allows`,
      proof: different.slice(0, 4).map(({ roomId, probe }) => {
        const theirs = probe?.authThere.filter(id => !probe.authHere.includes(id)) ?? [];
        const ours = probe?.authHere.filter(id => !probe.authThere.includes(id)) ?? [];
        return `${roomId}: with the same newest events it builds on ${someText(theirs)} and we on ${someText(ours) || 'nothing'}`;
      }),
      repair: {
        kind: undefined,
        lines: ['compare the power levels, join rules and bans of the room on both sides before anything is changed'],
      },
    };
  },
};
