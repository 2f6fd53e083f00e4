import type { RoomFacts } from '../facts.ts';
import type { Check } from '../verdict.ts';
import { countText, momentText, quoted } from '../words.ts';
import { firstOf, roomText } from './reading.ts';

export const acl: Check = {
  cause: 'D26',
  title: 'a server ACL of a room shuts one of us out',
  scope: 'peer',
  explain: `m.room.server_acl of a room lists the servers that may take part. Whoever is shut out gets 403 for everything about that room, and
nothing more of it.
Found by reading the ACL with our name and theirs, and by refusals that say so.
Helps: asking those with power in the room. Nothing on the server can mend it, and nothing should.`,
  explains: ['D24'],
  judge({ rooms, server }) {
    const against = rooms.filter(room => !room.aclAllowsUs || isRefusedByAcl(room));
    const them = rooms.filter(room => !room.aclAllowsThem && room.aclAllowsUs);
    if (against.length + them.length === 0) return undefined;
    return {
      confidence: 'proven',
      since: firstOf([...against, ...them].map(room => room.acl?.at ?? room.refusal?.at)),
      effect:
        against.length > 0
          ? `we take no part in ${countText(against.length, 'room')} any more`
          : `it takes no part in ${countText(them.length, 'room')} any more`,
      proof: [...against.slice(0, 3).map(againstUs), ...them.slice(0, 3).map(room => againstThem(room, server))],
      repair: {
        kind: undefined,
        lines: [
          ...against
            .concat(them)
            .slice(0, 3)
            .flatMap(({ roomId, acl }) => (acl == null ? [] : [`ask ${acl.sender}, who set the ACL of ${roomId}`])),
          'else those with power in the room, whom `copse room show ROOM` names',
        ],
      },
    };
  },
};

function againstUs(room: RoomFacts): string {
  const { refusal, probe, acl, aclAllowsUs } = room;
  if (!aclAllowsUs) return `${roomText(room)}: its ACL does not allow us${ruleText(acl, acl?.us)}`;
  return `${roomText(room)}: ${momentText(refusal?.at ?? probe?.at ?? 0)}: ${quoted(refusal?.reason ?? probe?.error ?? '')}`;
}

function againstThem(room: RoomFacts, server: string): string {
  return `${roomText(room)}: its ACL does not allow ${server}${ruleText(room.acl, room.acl?.them)}`;
}

/** Who did it, when, and which entry it is. */
function ruleText(acl: RoomFacts['acl'], rule: string | null | undefined): string {
  if (acl == null || rule == null) return '';
  return `, by "${quoted(rule)}", set by ${acl.sender} ${momentText(acl.at)} (${acl.eventId})`;
}

function isRefusedByAcl({ refusal, probe }: RoomFacts): boolean {
  const said = [refusal?.reason, probe?.status === 403 ? probe.error : undefined];
  return said.some(text => text != null && /\bACL|banned from (the )?room|server is banned/i.test(text));
}
