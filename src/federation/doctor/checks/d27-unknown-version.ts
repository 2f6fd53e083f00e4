import { defaultRoomVersion, knownRoomVersions } from '../../../core/room-versions.ts';
import type { Check } from '../verdict.ts';
import { countText, momentText, quoted } from '../words.ts';
import { firstOf } from './reading.ts';

export const unknownVersion: Check = {
  cause: 'D27',
  title: 'it has rooms of a version that this server does not know',
  scope: 'peer',
  explain: `Each room has a version that says how its events are made and judged. A server that does not know it cannot come in, and is told so
(M_INCOMPATIBLE_ROOM_VERSION).
Found by remembering the joins and invites that ended with this answer since the start.
Helps: an update of this server; or whoever governs the room upgrades it to a version that we know. We know: ${known()}.`,
  judge({ server, receiving }) {
    const found = receiving?.unknownVersions ?? [];
    if (found.length === 0) return undefined;
    const rooms = new Set(found.map(({ roomId }) => roomId)).size;
    return {
      confidence: 'proven',
      since: firstOf(found.map(({ at }) => at)),
      effect: `our users cannot come into ${countText(rooms, 'room')} of it`,
      proof: [
        ...found
          .slice(-4)
          .map(
            ({ at, what, roomId, version }) =>
              `${momentText(at)} ${what} of ${quoted(roomId)}, a room of version ${quoted(version ?? 'unknown', 40)}`,
          ),
        `we know ${known()}`,
      ],
      repair: {
        kind: undefined,
        lines: [
          'update Copse, should a later one know that version',
          `or have somebody who may upgrade the room on ${server} do it: /upgraderoom ${defaultRoomVersion.id}`,
        ],
      },
    };
  },
};

function known(): string {
  return knownRoomVersions.map(({ id }) => id).join(', ');
}
