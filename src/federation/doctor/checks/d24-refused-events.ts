import type { Check } from '../verdict.ts';
import { countText, momentText, quoted } from '../words.ts';

export const refusedEvents: Check = {
  cause: 'D24',
  title: 'we refuse events that others show',
  scope: 'peer',
  explain: `An event of another server breaks a rule of the room as we know it: its sender was banned, or lacked the power. When our state of
the room is wrong (see D25) we refuse what everybody else shows.
Found by the reasons that are stored with refused events.
Helps: looking at the reason: copse trace EVENT_ID. Where the state is wrong, taking it in again.`,
  judge({ rooms, receiving }) {
    const refused = rooms.flatMap(room => room.refused.map(each => ({ ...each, roomId: room.roomId })));
    const aside = receiving?.aside ?? [];
    const events = [...refused, ...aside].reduce((sum, each) => sum + each.events, 0);
    if (events === 0) return undefined;
    return {
      confidence: 'likely',
      effect: `${countText(events, 'event')} of its users are not shown here`,
      proof: [
        ...refused
          .slice(0, 5)
          .map(
            ({ roomId, events, reason, isSoft, newestAt }) =>
              `${roomId}: ${countText(events, 'event')} ${isSoft ? 'soft-failed' : 'rejected'}, the last of ${momentText(newestAt)}: ${quoted(reason)}`,
          ),
        ...aside.slice(0, 3).map(({ reason, events }) => `${countText(events, 'event')} set aside: ${quoted(reason)}`),
      ],
      repair: { kind: undefined, lines: ['copse trace EVENT_ID tells which rule it was'] },
    };
  },
};
