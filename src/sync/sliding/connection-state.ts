import type { RequiredState, StatePattern } from './required-state.ts';

/** What a client wants of a room (MSC4186, "room config"). */
export interface RoomConfig {
  readonly timelineLimit: number;
  readonly state: RequiredState;
}

/** What a connection was told of a room. */
export interface KnownRoom {
  /** The config under which it was told: so much of the timeline and the state the client has. */
  readonly config: RoomConfig;
  /** `TOLD_*`. */
  readonly flags: number;
  /** The position in the room's log up to which it was told; undefined: up to that of the connection. */
  readonly behind: number | undefined;
}

/** The account data of the room was told, from when on changes of it are. */
export const TOLD_ACCOUNT_DATA = 1;
/** The same of receipts. */
export const TOLD_RECEIPTS = 2;
/** The client takes the room for a direct chat. */
export const TOLD_DIRECT = 4;

type Rooms = ReadonlyMap<number, KnownRoom>;
type ConfigText = readonly [timelineLimit: number, lazyMembers: 0 | 1, patterns: readonly StatePattern[]];

/** As it is stored: configs by index, rooms by config and flags with the differences of their numbers. */
interface Stored {
  readonly c: readonly ConfigText[];
  readonly r: readonly (readonly [config: number, flags: number, ...steps: number[]])[];
  readonly b?: Readonly<Record<string, number>>;
}

/** Everything that a connection knows, as text: some bytes for each room. */
export function writeRooms(rooms: Rooms): string {
  const configs: ConfigText[] = [];
  const indexes = new Map<string, number>();
  const byIdentity = new Map<RoomConfig, number>();
  const groups = new Map<string, [config: number, flags: number, ...steps: number[]]>();
  const last = new Map<string, number>();
  const behind: Record<string, number> = {};
  for (const [nid, known] of [...rooms].sort(([a], [b]) => a - b)) {
    const config = byIdentity.get(known.config) ?? indexOf(known.config, configs, indexes);
    byIdentity.set(known.config, config);
    const key = `${config}/${known.flags}`;
    const group = groups.get(key) ?? [config, known.flags];
    groups.set(key, group);
    group.push(nid - (last.get(key) ?? 0));
    last.set(key, nid);
    if (known.behind !== undefined) behind[nid] = known.behind;
  }
  const stored: Stored = {
    c: configs,
    r: [...groups.values()],
    ...(Object.keys(behind).length > 0 && { b: behind }),
  };
  return JSON.stringify(stored);
}

function indexOf({ timelineLimit, state }: RoomConfig, configs: ConfigText[], indexes: Map<string, number>): number {
  const config: ConfigText = [timelineLimit, state.lazyMembers ? 1 : 0, state.patterns];
  const text = JSON.stringify(config);
  const index = indexes.get(text) ?? configs.push(config) - 1;
  indexes.set(text, index);
  return index;
}

export function readRooms(text: string): Map<number, KnownRoom> {
  const { c, r, b = {} } = JSON.parse(text) as Stored;
  const configs = c.map(
    ([timelineLimit, lazy, patterns]): RoomConfig => ({ timelineLimit, state: { patterns, lazyMembers: lazy === 1 } }),
  );
  const rooms = new Map<number, KnownRoom>();
  for (const [index, flags, ...steps] of r) {
    const config = configs[index];
    if (config === undefined) throw new Error(`a connection is stored with a config ${index} that it does not have`);
    const group: KnownRoom = { config, flags, behind: undefined };
    let nid = 0;
    for (const step of steps) {
      nid += step;
      const behind = b[nid];
      rooms.set(nid, behind === undefined ? group : { ...group, behind });
    }
  }
  return rooms;
}

/** What the client will know once it has the answer that is being made. */
export class ConnectionDraft {
  readonly #before: Rooms;
  readonly #changes = new Map<number, KnownRoom | undefined>();

  constructor(before: Rooms) {
    this.#before = before;
  }

  get isChanged(): boolean {
    return this.#changes.size > 0;
  }

  get(nid: number): KnownRoom | undefined {
    return this.#changes.has(nid) ? this.#changes.get(nid) : this.#before.get(nid);
  }

  set(nid: number, room: KnownRoom): void {
    const before = this.get(nid);
    const isSame = before?.config === room.config && before.flags === room.flags && before.behind === room.behind;
    if (!isSame) this.#changes.set(nid, room);
  }

  /** Something happened in a room that this answer does not tell: a later one begins there. */
  fallBehind(nid: number, pos: number): void {
    const known = this.get(nid);
    if (known !== undefined && known.behind === undefined) this.set(nid, { ...known, behind: pos });
  }

  /** All rooms, but those that are the user's no more. */
  rooms(isKept: (nid: number) => boolean): Rooms {
    const rooms = new Map<number, KnownRoom>();
    for (const [nid, known] of this.#before) if (!this.#changes.has(nid) && isKept(nid)) rooms.set(nid, known);
    for (const [nid, known] of this.#changes) if (known !== undefined && isKept(nid)) rooms.set(nid, known);
    return rooms;
  }

  /** The rooms that were known before the answer. */
  get before(): Rooms {
    return this.#before;
  }
}
