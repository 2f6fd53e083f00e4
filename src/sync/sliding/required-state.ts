import type { Queryable } from '../../db/database.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room, StoredEvent } from '../../rooms/room.ts';
import type { StateKeyPair } from '../../rooms/room-state.ts';

/** A type of state and a state key; null is any. */
export type StatePattern = readonly [type: string | null, stateKey: string | null];

/** The part of a room's state that a client wants (MSC4186, `required_state`). */
export interface RequiredState {
  /** In order, none twice. */
  readonly patterns: readonly StatePattern[];
  /** Members come when an event that the client is given names them; a pattern of any type does not mean them then. */
  readonly lazyMembers: boolean;
}

export const MEMBER = 'm.room.member';

/** Reads pairs with `*`, `$ME` and `$LAZY` as clients send them. */
export function requiredState(pairs: readonly (readonly string[])[], userId: string): RequiredState {
  const isLazy = ([type, key]: readonly string[]) => type === MEMBER && key === '$LAZY';
  const patterns = pairs
    .filter(pair => !isLazy(pair))
    .map(([type = '', key = '']): StatePattern => [any(type), key === '$ME' ? userId : any(key)]);
  return { patterns: sorted(patterns), lazyMembers: pairs.some(isLazy) };
}

function any(text: string): string | null {
  return text === '*' ? null : text;
}

function sorted(patterns: readonly StatePattern[]): StatePattern[] {
  const byText = new Map(patterns.map(pattern => [JSON.stringify(pattern), pattern]));
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, pattern]) => pattern);
}

/** What either wants. All members of one are not made fewer by the other, which loads them lazily. */
export function union(one: RequiredState, other: RequiredState): RequiredState {
  const isWhole = [one, other].some(state => !state.lazyMembers && wantsAllMembers(state));
  return {
    patterns: sorted([...one.patterns, ...other.patterns]),
    lazyMembers: !isWhole && (one.lazyMembers || other.lazyMembers),
  };
}

export function wantsAllMembers({ patterns, lazyMembers }: RequiredState): boolean {
  return patterns.some(([type, key]) => key === null && (type === MEMBER || (type === null && !lazyMembers)));
}

export function isWanted({ patterns, lazyMembers }: RequiredState, type: string, stateKey: string): boolean {
  return patterns.some(
    ([wantedType, wantedKey]) =>
      (wantedType === type || (wantedType === null && !(lazyMembers && wantedKey === null && type === MEMBER))) &&
      (wantedKey === stateKey || wantedKey === null),
  );
}

/** What `now` wants and `before` did not, as far as the patterns tell: some of it may have been wanted all the same. */
export function added(now: RequiredState, before: RequiredState): RequiredState {
  const patterns = now.patterns.filter(pattern => !before.patterns.some(wide => covers(wide, pattern, now, before)));
  return { patterns, lazyMembers: now.lazyMembers };
}

function covers(wide: StatePattern, [type, key]: StatePattern, now: RequiredState, before: RequiredState): boolean {
  const isWider = (wide[0] === null || wide[0] === type) && (wide[1] === null || wide[1] === key);
  const leavesMembersOut = before.lazyMembers && wide[0] === null && wide[1] === null;
  const meansMembers = type === MEMBER || (type === null && !now.lazyMembers);
  return isWider && !(leavesMembersOut && meansMembers);
}

/** The wanted part of the state at a root, each event once. */
export async function readRequired(
  parts: RoomsParts,
  db: Queryable,
  room: Room,
  root: number,
  wanted: RequiredState,
): Promise<StoredEvent[]> {
  const found = new Map<number, StoredEvent>();
  const exact = wanted.patterns.filter((pattern): pattern is StateKeyPair => !pattern.includes(null));
  for (const stored of await parts.state.events(db, room, root, exact)) found.set(stored.nid, stored);
  const walks = wanted.patterns.some(([type]) => type === null)
    ? [parts.state.all(db, room, root, { withoutMembers: wanted.lazyMembers })]
    : wanted.patterns.flatMap(([type, key]) =>
        type !== null && key === null ? [parts.state.ofType(db, room, root, type)] : [],
      );
  for (const walk of walks)
    for await (const stored of walk)
      if (isWanted(wanted, stored.event.type, stored.event.stateKey ?? '')) found.set(stored.nid, stored);
  return [...found.values()];
}
