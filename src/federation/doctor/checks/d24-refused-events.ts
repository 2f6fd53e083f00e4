import type { RoomFacts } from '../facts.ts';
import type { Check } from '../verdict.ts';
import { countText, momentText, quoted } from '../words.ts';
import { roomText } from './reading.ts';

export const refusedEvents: Check = {
  cause: 'D24',
  title: 'we refuse events that others show',
  scope: 'peer',
  explain: `An event of another server breaks a rule of the room as we know it: its sender was banned, or lacked the power. When our state of
the room is wrong (see D25) we refuse what everybody else shows.
Found by the reasons that are stored with refused events.
Helps: where the state is wrong, --take-state: what it made us refuse is judged again by the state before each as that server tells it,
resolved with ours. By the state that we have now it is judged again by itself, once. What an event's own auth events do not allow
stays refused. Else the reason: copse trace EVENT_ID.`,
  judge({ rooms, receiving }) {
    const refused = rooms.flatMap(room => room.refused.map(each => ({ ...each, room })));
    const aside = receiving?.aside ?? [];
    const events = [...refused, ...aside].reduce((sum, each) => sum + each.events, 0);
    if (events === 0) return undefined;
    const isUnjudged = refused.some(({ room }) => (room.unjudged ?? 0) > 0);
    return {
      confidence: 'likely',
      effect: `${countText(events, 'event')} of its users refused here`,
      proof: [
        ...refused.slice(0, 5).flatMap(each => [refusedText(each), ...becauseLines(each)]),
        ...aside.slice(0, 3).map(({ reason, events }) => `${countText(events, 'event')} set aside: ${quoted(reason)}`),
      ],
      repair: {
        kind: isUnjudged ? 'judge_again' : undefined,
        lines: [
          ...(isUnjudged ? ['judge them again by the state that we have now'] : []),
          ...rooms
            .filter(room => room.refused.length > 0)
            .slice(0, 3)
            .map(({ roomId }) => `copse trace --room '${roomId}' lists them with the rule that each broke`),
          'where we are wrong about the room (D25): --take-state',
        ],
      },
    };
  },
};

type Refused = RoomFacts['refused'][number] & { readonly room: RoomFacts };

function refusedText({ room, events, reason, isSoft, newestAt }: Refused): string {
  const what = `${countText(events, 'event')} ${isSoft ? 'soft-failed' : 'rejected'}`;
  return `${roomText(room)}: ${what}, the last of ${momentText(newestAt)}: ${quoted(reason)}`;
}

/** What of our state it follows from: whoever thinks that it is wrong knows where to look. */
function becauseLines({ because, last }: Refused): string[] {
  if (because == null) return [];
  const { eventId, says, sender, at } = because;
  return [`  ${last ?? 'the last'} by our state: ${quoted(says)} by ${quoted(sender)}, ${momentText(at)} (${eventId})`];
}
