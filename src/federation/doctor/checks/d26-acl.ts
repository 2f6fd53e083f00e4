import type { RoomFacts } from '../facts.ts';
import type { Check } from '../verdict.ts';
import { countText, momentText, quoted } from '../words.ts';

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
      effect:
        against.length > 0
          ? `we take no part in ${countText(against.length, 'room')} any more`
          : `it takes no part in ${countText(them.length, 'room')} any more`,
      proof: [
        ...against
          .slice(0, 3)
          .map(
            room =>
              `${room.roomId}: ${room.aclAllowsUs ? `${momentText(room.refusal?.at ?? room.probe?.at ?? 0)}: ${quoted(room.refusal?.reason ?? room.probe?.error ?? '')}` : 'its ACL does not allow us'}`,
          ),
        ...them.slice(0, 3).map(({ roomId }) => `${roomId}: its ACL does not allow ${server}`),
      ],
      repair: { kind: undefined, lines: ['ask those with power in the room; `copse room show ROOM` names it'] },
    };
  },
};

function isRefusedByAcl({ refusal, probe }: RoomFacts): boolean {
  const said = [refusal?.reason, probe?.status === 403 ? probe.error : undefined];
  return said.some(text => text != null && /\bACL|banned from (the )?room|server is banned/i.test(text));
}
