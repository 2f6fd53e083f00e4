import type {
  AnswerFacts,
  Facts,
  OwnFacts,
  PeerFacts,
  PlaceFacts,
  RoomFacts,
  RouteFacts,
  SendingFacts,
  ServedPathFacts,
} from '../facts.ts';
import { countText, quoted } from '../words.ts';

/** What checks read out of facts, in one place. */
const STATUS = / refused with (\d{3}):/;

/** The status in the reason of a failure that we wrote down. */
export function statusIn(reason: string | null): number | undefined {
  const [, status] = STATUS.exec(reason ?? '') ?? [];
  return status === undefined ? undefined : Number(status);
}

const CERTIFICATE = /\b(UNABLE_TO_(?:GET|VERIFY)\w*|\w*SELF_SIGNED\w*|CERT_(?:HAS_EXPIRED|NOT_YET_VALID))\b/;

/** The code in an error that says that a certificate is not believed. */
export function certificateErrorIn(error: string | null): string | undefined {
  return CERTIFICATE.exec(error ?? '')?.[1];
}

/** A Matrix server answered the small question. */
export function isWorking(place: PlaceFacts): boolean {
  return place.certificate?.distrust == null && place.answers.some(isMatrixAnswer);
}

/** Our own name as it is seen from here: a router may not lead us back to ourselves, and others in. */
export function isSeenFromInside({ front, outside }: OwnFacts): boolean {
  return front !== null && front !== outside?.front;
}

/** What is said of what such a router does. */
export const HAIRPIN =
  'seen from inside: a router that does not lead us back to ourselves looks the same; --vantage SERVER tells';

/** Whether something that answers under our name is this server. */
export function isUs({ front, instance, signingKey }: OwnFacts): boolean {
  const keys = front?.keys.published ?? [];
  return keys.some(({ id }) => id === signingKey) || front?.echoes.some(echo => echo.instance === instance) === true;
}

/** Much more than fits into the packets that any way takes; and so much that it takes a while. */
const LARGE_BYTES = 16 * 1024;
const TRANSFER_BYTES = 512 * 1024;

/** The large request to a place that works, where it was sent. */
export function largeAnswer(place: PlaceFacts): AnswerFacts | undefined {
  return isWorking(place) ? place.answers.find(({ sent }) => sent >= LARGE_BYTES) : undefined;
}

/** The same for the megabyte, of which a refusal (413) is an answer too. */
export function transferAnswer(place: PlaceFacts): AnswerFacts | undefined {
  return isWorking(place) ? place.answers.find(({ sent }) => sent >= TRANSFER_BYTES) : undefined;
}

export function isMatrixAnswer({ status, isJson }: AnswerFacts): boolean {
  return status === 200 && isJson;
}

/** How a Copse that was reached refuses what the doctor sends without a signature. */
export const UNSIGNED = 'M_UNAUTHORIZED';

/** A request for a path of the federation API came to a Copse. */
export function isArrived(path: ServedPathFacts | undefined): boolean {
  if (path === undefined) return false;
  return path.status === 200 || (path.errcode !== null && path.errcode !== 'M_UNRECOGNIZED');
}

export function workingPlaces(route: RouteFacts | null): readonly PlaceFacts[] {
  return route?.places.filter(isWorking) ?? [];
}

export function isReached(peer: PeerFacts): boolean {
  return workingPlaces(peer.route).length > 0;
}

/** When a server sent us something last; 0: never, as far as we know. */
export function heardAt({ receiving }: PeerFacts): number {
  return Math.max(receiving?.heardAt ?? 0, receiving?.transactionAt ?? 0);
}

/** Of some moments the first that there is. */
export function firstOf(moments: readonly (number | null | undefined)[]): number | undefined {
  const known = moments.filter(each => each != null && each > 0) as number[];
  return known.length === 0 ? undefined : Math.min(...known);
}

export function placeText({ address, family, port }: PlaceFacts): string {
  return family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

/** By how much a server's clock is ahead of ours in milliseconds, as far as its answers tell (to the second). */
export function clockOffset(route: RouteFacts | null): number | undefined {
  const offsets = (route?.places ?? [])
    .flatMap(place => place.answers)
    .flatMap(({ date, at, took }) => (date === null ? [] : [date - (at - took / 2)]));
  return offsets.length === 0 ? undefined : median(offsets);
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

const LONG_IN_INBOX_MS = 10 * 60_000;

/** Whether what has waited here since then to be taken in should have been by now. */
export function waitsTooLong(since: number, now: number): boolean {
  return since < now - LONG_IN_INBOX_MS;
}

/** Rooms in which the server named events that we do not have. */
export function roomsBehind(peer: PeerFacts): readonly RoomFacts[] {
  return peer.rooms.filter(room => (room.probe?.unknown.length ?? 0) > 0);
}

/** How many events we lack at least, by the depth that the server's next event would have. */
export function missingAtLeast({ probe, depth, missing }: RoomFacts): number {
  const unknown = probe?.unknown.length ?? 0;
  const byDepth = unknown === 0 || probe?.depth == null ? 0 : probe.depth - 1 - depth;
  return Math.max(unknown, byDepth, missing);
}

/** How people know a room. */
export function roomText({ roomId, alias }: Pick<RoomFacts, 'roomId' | 'alias'>): string {
  return alias == null ? roomId : `${quoted(alias)} (${roomId})`;
}

/** What users miss both ways. */
export function lossText({ sending }: PeerFacts, rooms: readonly RoomFacts[]): string {
  const missing = rooms.reduce((sum, room) => sum + missingAtLeast(room), 0);
  const [worst] = rooms.toSorted((a, b) => missingAtLeast(b) - missingAtLeast(a));
  const most =
    worst === undefined || rooms.length < 2 ? '' : ` (${worst.alias ?? worst.roomId}: ${missingAtLeast(worst)})`;
  return `at least ${countText(missing, 'event')} missing in ${countText(rooms.length, 'room')}${most}, ${waitingText(sending)}`;
}

/** What of ours has not arrived at a server. */
export function waitingText(sending: SendingFacts | null): string {
  const { rooms = 0, edus = 0 } = sending ?? {};
  if (rooms + edus === 0) return 'nothing of ours undelivered';
  return `ours undelivered in ${countText(rooms, 'room')}, and ${countText(edus, 'message to devices', 'messages to devices')}`;
}

/** Facts of peers that were looked for in the network. */
export function examined(facts: Facts): readonly PeerFacts[] {
  return facts.peers.filter(peer => peer.route !== null);
}
