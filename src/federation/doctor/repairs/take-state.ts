import type { EventId, RoomId, ServerName, UserId } from '../../../core/ids.ts';
import { adoptState } from '../../../rooms/adopt-state.ts';
import { someJoinedOfDomain } from '../../../rooms/members.table.ts';
import { forgetJudged } from '../../../rooms/refused-events.table.ts';
import type { Room } from '../../../rooms/room.ts';
import { serversIn } from '../../../rooms/room-domains.table.ts';
import { roomHead } from '../../../rooms/rooms.table.ts';
import { writeRoom } from '../../../rooms/write-room.ts';
import { isOfPeer, quietly } from '../../gaps/peer-error.ts';
import { type ToldStateParts, toldState } from '../../gaps/told-state.ts';
import { reasonOf } from '../../transport/errors.ts';
import { countHoles } from '../doctor.table.ts';
import type { DifferenceFacts } from '../facts.ts';
import { gatherDifference, stateSides } from '../gather/state-difference.ts';
import { differenceLines } from '../state-words.ts';
import { countText, someText } from '../words.ts';
import { judgeRestAgain, judgeRoomAgain } from './judge-again.ts';

/** Other servers that are asked whose side they are on. */
const MOST_WITNESSES = 4;

/**
 * Takes the state of a room in as another server has it, and resolves it with ours by the rules of the room. Refuses, and
 * says why, where that would not be safe. The lines say what came of it.
 */
export async function takeState(
  parts: ToldStateParts,
  server: ServerName,
  roomId: RoomId,
  signal: AbortSignal,
): Promise<string[]> {
  const { rooms } = parts;
  const room = await rooms.rooms.find(rooms.db, roomId);
  if (room === undefined) return [`refused: nothing is known of ${roomId}`];
  const { missing } = await countHoles(rooms.db, room.nid);
  if (missing > 0)
    return [
      `refused: ${countText(missing, 'event')} of the room are missing here, and the state with them; fill it first`,
    ];
  try {
    return await taken(parts, room, server, signal);
  } catch (error) {
    if (!isOfPeer(error)) throw error;
    return [`refused: ${reasonOf(error)}`];
  }
}

async function taken(parts: ToldStateParts, room: Room, server: ServerName, signal: AbortSignal): Promise<string[]> {
  const { rooms } = parts;
  const heads = await headsAt(parts, room, server);
  const [head] = heads;
  const difference = await gatherDifference(parts, room, server, heads);
  if (difference === null || head === undefined)
    return [
      'refused: the room does not end there with one event that we have too, so that the states cannot be compared',
    ];
  if (difference.entries.length === 0)
    return ['nothing to take: the states are the same', ...(await judgeRestAgain(parts, room, server, signal))];
  const why = (await unsafe(parts, room, server, heads)) ?? otherRoom(difference);
  if (why !== undefined) return [`refused: ${why}`];
  const { state_root: before } = await roomHead(rooms.db, room.nid);
  const told = await toldState(parts, room, head, server, []);
  const isChanged = await writeRoom(rooms, room, async tx => {
    await forgetJudged(tx, room.nid);
    return adoptState(rooms, tx, room, told);
  });
  if (!isChanged)
    return [
      `refused: by the rules of the room what we have stands, and ${server} lacks it; its administrators have to mend it`,
    ];
  const { state_root: after } = await roomHead(rooms.db, room.nid);
  const changes = await rooms.trees.diff(rooms.db, room.nid, before, after);
  return [
    `took ${countText(changes.length, 'part')} of its state in ${room.roomId}:`,
    ...differenceLines(difference),
    // What the state that we had made us refuse.
    ...(await judgeRoomAgain(parts, room, server, signal)),
  ];
}

async function headsAt({ rooms, peers }: ToldStateParts, room: Room, server: ServerName): Promise<EventId[]> {
  const own = await rooms.nids.domains.findOne(rooms.db, rooms.serverName);
  const userNid = own === undefined ? undefined : await someJoinedOfDomain(rooms.db, room.nid, own);
  const user = userNid === undefined ? undefined : ((await rooms.nids.users.name(rooms.db, userNid)) as UserId);
  return user === undefined ? [] : peers.heads(server, room.roomId, user);
}

function otherRoom({ entries }: DifferenceFacts): string | undefined {
  const isOther = entries.some(({ type, there, here }) => type === 'm.room.create' && there !== null && here !== null);
  return isOther ? 'the event that made the room is another one there: it is not the same room' : undefined;
}

/** A server that is alone with what it says is the one to be mended. */
async function unsafe(
  parts: ToldStateParts,
  room: Room,
  server: ServerName,
  heads: readonly EventId[],
): Promise<string | undefined> {
  const { rooms } = parts;
  const names = await rooms.nids.domains.names(rooms.db, await serversIn(rooms.db, room.nid));
  const others = [...names.values()].filter(name => name !== server && name !== rooms.serverName) as ServerName[];
  const withUs: ServerName[] = [];
  const withThem: ServerName[] = [];
  const sides = await stateSides(parts, room, server, heads);
  for (const other of others.slice(0, MOST_WITNESSES)) {
    const theirs = await quietly(stateSides(parts, room, other, heads), undefined);
    if (theirs === undefined) continue;
    if (theirs.there.length + theirs.here.length === 0) withUs.push(other);
    else if (sides?.there.every(id => theirs.there.includes(id)) === true) withThem.push(other);
  }
  if (withUs.length === 0 || withThem.length > 0) return undefined;
  return `${someText(withUs)} ${withUs.length === 1 ? 'has' : 'have'} the state that we have, and ${server} alone differs`;
}
