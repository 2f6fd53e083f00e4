import type { AnswerFacts, Facts, PeerFacts, PlaceFacts, RoomFacts, RouteFacts } from '../facts.ts';

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

export function isMatrixAnswer({ status, isJson }: AnswerFacts): boolean {
  return status === 200 && isJson;
}

export function workingPlaces(route: RouteFacts | null): readonly PlaceFacts[] {
  return route?.places.filter(isWorking) ?? [];
}

export function isReached(peer: PeerFacts): boolean {
  return workingPlaces(peer.route).length > 0;
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

/** Facts of peers that were looked for in the network. */
export function examined(facts: Facts): readonly PeerFacts[] {
  return facts.peers.filter(peer => peer.route !== null);
}
