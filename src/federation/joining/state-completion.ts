import type { Admission } from '../../base/admission.ts';
import { sleep } from '../../base/clock.ts';
import { Rounds, type Turn } from '../../base/rounds.ts';
import type { EventId, ServerName } from '../../core/ids.ts';
import type { Tx } from '../../db/database.ts';
import { completeState } from '../../rooms/complete-state.ts';
import { isResident } from '../../rooms/current-membership.ts';
import { newestPosition } from '../../rooms/events.table.ts';
import {
  type IncompleteRow,
  incompleteRooms,
  incompleteSince,
  postponeIncomplete,
  removeIncomplete,
} from '../../rooms/incomplete-rooms.table.ts';
import { readerPositions } from '../../rooms/log-reader.table.ts';
import type { Room, StoredEvent } from '../../rooms/room.ts';
import { lockRoom } from '../../rooms/rooms.table.ts';
import { stateOfEvents } from '../../rooms/state-of-events.ts';
import type { Root } from '../../rooms/state-tree/state-trees.ts';
import { writeRoom } from '../../rooms/write-room.ts';
import { IncompleteStateError, isOfPeer } from '../gaps/peer-error.ts';
import { fetchSingle, type ToldStateParts } from '../gaps/told-state.ts';
import { BadAnswerError } from '../membership/remote-error.ts';
import { candidates } from '../membership/servers-in-turn.ts';
import { READER } from '../outbound/log-follower.ts';
import { closeRanges } from '../outbound/outbound-ranges.table.ts';
import { reasonOf } from '../transport/errors.ts';
import type { FederationClient } from '../transport/federation-client.ts';
import { path } from '../transport/request-target.ts';
import { countAwaited, keptAmong } from './awaited-event.table.ts';
import type { AwaitedEvents } from './awaited-events.ts';
import { unstored } from './awaited-events.ts';
import { LARGEST_ANSWER, priceOfMembers } from './join-limits.ts';
import type { JoinProgress, RunningJoin } from './join-progress.ts';
import { readToldEvents } from './read-join-answer.ts';
import { NoStateError, StateIntake } from './state-intake.ts';

export interface StateCompletionParts extends ToldStateParts {
  readonly client: Pick<FederationClient, 'stream'>;
  readonly awaited: AwaitedEvents;
  readonly admission: Admission;
  readonly progress: JoinProgress;
  /** Undefined: this process does it. */
  readonly turn?: Turn;
}

/** Of more missing events the whole state is asked for. */
const MOST_SINGLE = 40;
const FIRST_RETRY_MS = 2000;
const LONGEST_RETRY_MS = 60_000;
const AFTER_FAILURE_MS = 30_000;
/** How long the outbound queues get to note what happened. */
const FOLLOWER_PAUSE_MS = 100;
/** After so many servers a state counts that is not quite the one that came with the join. */
const TRIES_TO_AGREE = 5;

type Placed = StoredEvent & { readonly pos: number };

/** Gets the members of rooms that we came into without them, until every such room is whole. What was got is not got again. */
export class StateCompletion implements AsyncDisposable {
  readonly #parts: StateCompletionParts;
  readonly #stop = new AbortController();
  readonly #rounds: Rounds;

  constructor(parts: StateCompletionParts) {
    this.#parts = parts;
    this.#rounds = new Rounds(parts.rooms.clock, () => this.#runRound(), parts.turn);
  }

  /** Looks now for what is due; at the start, what an earlier run left. */
  wake(): void {
    this.#rounds.wake();
  }

  /** The same, where another process found that something is. */
  heard(): void {
    this.#rounds.heard();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#rounds[Symbol.asyncDispose]();
  }

  async #runRound(): Promise<number | undefined> {
    const { rooms } = this.#parts;
    try {
      const rows = await incompleteRooms(rooms.db);
      const known = await rooms.rooms.byNids(
        rooms.db,
        rows.map(row => row.room_nid),
      );
      for (const row of rows) {
        const room = known.get(row.room_nid);
        if (room !== undefined && this.#waitFor(row) === 0) await this.complete(room, row);
      }
      const [next] = await incompleteRooms(rooms.db);
      return next === undefined ? undefined : Math.max(this.#waitFor(next), 100);
    } catch (error) {
      rooms.log.error('The members of rooms could not be asked for.', { err: error });
      return AFTER_FAILURE_MS;
    }
  }

  /** In how many milliseconds a room is due. What was put off for longer than anything is was put off by another clock. */
  #waitFor({ due }: IncompleteRow): number {
    const wait = due - this.#parts.rooms.clock.now();
    return wait > LONGEST_RETRY_MS ? 0 : Math.max(wait, 0);
  }

  /** One try for one room, through one server. */
  async complete(room: Room, row: IncompleteRow): Promise<void> {
    const { rooms, admission } = this.#parts;
    const join = await rooms.events.byNid(rooms.db, row.join_nid);
    if (join?.pos === undefined || !(await isResident(rooms, rooms.db, room)))
      return void (await rooms.db.tx(tx => removeIncomplete(tx, room.nid)));
    const servers = JSON.parse(row.servers) as string[];
    const asked = candidates(rooms.serverName, servers);
    const server = asked[row.tries % Math.max(asked.length, 1)];
    try {
      if (server === undefined) throw new IncompleteStateError(0);
      using running = this.#parts.progress.begin(room.roomId);
      const price = priceOfMembers(servers.length);
      using _ = await admission.admit('join', price, this.#stop.signal, reason => running.waits(reason));
      running.asks(server);
      await this.#through(server, room, { ...join, pos: join.pos }, running, row.tries);
      rooms.log.info('All members of a room are known now.', { room: room.roomId, server });
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      if (!isOfPeer(error) && !(error instanceof BadAnswerError) && !(error instanceof NoStateError)) throw error;
      const due = rooms.clock.now() + Math.min(FIRST_RETRY_MS * 2 ** row.tries, LONGEST_RETRY_MS);
      await rooms.db.tx(tx => postponeIncomplete(tx, room.nid, { due, problem: reasonOf(error) }));
      rooms.log.info('The members of a room cannot be had now.', { room: room.roomId, reason: reasonOf(error) });
    }
  }

  async #through(server: ServerName, room: Room, join: Placed, running: RunningJoin, tries: number): Promise<void> {
    const { rooms, peers, awaited } = this.#parts;
    const { state, authChain } = await peers.stateIds(server, room.roomId, join.event.id);
    // Whoever was invited or changed their name stands on a membership that is in no state any more.
    const all = [...new Set([...state, ...authChain])];
    if ((await unstored(this.#parts, all)).length > MOST_SINGLE)
      await this.#stream(server, room, join.event.id, running);
    const missing = await this.#missing(room, all);
    await fetchSingle(this.#parts, room, server, missing.slice(0, 2 * MOST_SINGLE));
    const left = await this.#missing(room, state);
    if (left.length > 0) throw new IncompleteStateError(left.length);
    while (!(await this.#write(room, join, state, tries < TRIES_TO_AGREE ? server : undefined)))
      await sleep(rooms.clock, FOLLOWER_PAUSE_MS, this.#stop.signal);
    awaited.wake();
  }

  /** Writes the whole state, which has to agree with what came with the join where `agreeing` is named. */
  async #write(
    room: Room,
    join: Placed,
    state: readonly EventId[],
    agreeing: ServerName | undefined,
  ): Promise<boolean> {
    const { rooms } = this.#parts;
    return writeRoom(rooms, room, async tx => {
      // The room may have been left meanwhile, and come into again.
      if ((await incompleteSince(tx, room.nid)) !== join.nid) return true;
      this.#stop.signal.throwIfAborted();
      if (!(await this.#isNoted(tx, room))) return false;
      const { state: waiting } = await countAwaited(tx, room.nid);
      const root = await stateOfEvents(rooms, tx, room, state, { partial: waiting > 0 });
      if (agreeing !== undefined) await this.#requireAgreement(tx, agreeing, room, join.stateBefore, root);
      const gone = await completeState(rooms, tx, room, join, root);
      const newest = (await newestPosition(tx, room.nid)) ?? 0;
      if (gone.length > 0) await closeRanges(tx, room.nid, gone, newest);
      return true;
    });
  }

  /** What happened until now must be on its way to the servers that we were told of, before others take their place. */
  async #isNoted(tx: Tx, room: Room): Promise<boolean> {
    await lockRoom(tx, room.nid);
    const newest = (await newestPosition(tx, room.nid)) ?? 0;
    return ((await readerPositions(tx, READER)).get(room.shard) ?? 0) >= newest;
  }

  /** Takes in the whole state and its auth chain. */
  async #stream(server: ServerName, room: Room, eventId: EventId, running: RunningJoin): Promise<void> {
    const intake = new StateIntake(this.#parts, room);
    running.receives(() => intake.counts);
    await using answer = await this.#parts.client.stream(server, {
      method: 'GET',
      path: path`/_matrix/federation/v1/state/${room.roomId}`,
      query: { event_id: eventId },
      maxBytes: LARGEST_ANSWER,
      timeoutMs: 120_000,
      signal: this.#stop.signal,
    });
    await readToldEvents(server, answer.body, room.version, intake, { state: 'pdus' });
    await intake.finish();
  }

  /** Events of the state that are neither stored nor set aside, nor refused for good. */
  async #missing(room: Room, state: readonly EventId[]): Promise<EventId[]> {
    const ids = await unstored(this.#parts, state);
    const kept = new Set(await keptAmong(this.#parts.rooms.db, room.nid, ids));
    return ids.filter(id => !kept.has(id));
  }

  /** The state that came with the join is a part of the whole: who tells otherwise tells of another room. */
  async #requireAgreement(tx: Tx, server: ServerName, room: Room, partial: Root, whole: Root): Promise<void> {
    const { rooms } = this.#parts;
    const differences = await rooms.trees.diff(tx, room.nid, partial, whole);
    if (differences.some(({ before }) => before !== undefined))
      throw new BadAnswerError(server, 'the state is not that which came with the join');
  }
}
