import type { Admission } from '../../base/admission.ts';
import { BudgetFullError } from '../../base/budget-account.ts';
import { sleep } from '../../base/clock.ts';
import { type Event, EventError } from '../../core/event.ts';
import { parseUserId, type RoomId, type ServerName } from '../../core/ids.ts';
import { getObject, getString, isObject, type Json } from '../../core/json.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import type { RoomVersion } from '../../core/room-versions.ts';
import { refusal } from '../../rooms/append.ts';
import { isResident } from '../../rooms/current-membership.ts';
import { enterRoom } from '../../rooms/enter-room.ts';
import { removeIncomplete } from '../../rooms/incomplete-rooms.table.ts';
import { markIncomplete } from '../../rooms/incomplete-rooms.ts';
import { ingest } from '../../rooms/ingest.ts';
import { authIdsOf } from '../../rooms/judge-event.ts';
import type { Room } from '../../rooms/room.ts';
import { stateOfEvents } from '../../rooms/state-of-events.ts';
import { writeRoom } from '../../rooms/write-room.ts';
import { readPdu } from '../events/checked-events.ts';
import type { GapFiller } from '../gaps/gap-filler.ts';
import type { ToldStateParts } from '../gaps/told-state.ts';
import { BadAnswerError } from '../membership/remote-error.ts';
import { type MembershipWish, makeThrough } from '../membership/template.ts';
import type { FederationClient, StreamedAnswer } from '../transport/federation-client.ts';
import { path } from '../transport/request-target.ts';
import { awaitedAmong, countAwaited, dropAwaited } from './awaited-event.table.ts';
import { type AwaitedEvents, unstored } from './awaited-events.ts';
import { JOIN_BYTES, LARGEST_ANSWER } from './join-limits.ts';
import { type JoinProgress, progressText, type RunningJoin } from './join-progress.ts';
import type { JoiningRooms } from './joining-rooms.ts';
import { type EventSink, type JoinAnswerHead, readJoinAnswer } from './read-join-answer.ts';
import type { StateCompletion } from './state-completion.ts';
import { NoStateError, StateIntake } from './state-intake.ts';

export interface RemoteJoinParts extends ToldStateParts {
  readonly client: Pick<FederationClient, 'request' | 'stream'>;
  readonly awaited: AwaitedEvents;
  readonly joining: JoiningRooms;
  readonly progress: JoinProgress;
  readonly admission: Admission;
  readonly completion: Pick<StateCompletion, 'wake'>;
  readonly gaps: GapFiller;
}

/** Large rooms are got together first. */
const FIRST_BYTE_MS = 120_000;
/** The longest that an answer may take to come, whatever its size. */
const LONGEST_ANSWER_MS = 30 * 60_000;
/** A server that gives less than this in a minute is not waited for. */
const LEAST_BYTES_A_MINUTE = 32 * 1024;
/** How long a join waits in line before its user is told to try again. */
const PATIENCE_MS = 60_000;
const RETRY_MS = 30_000;
/** How long keys are waited for without which nothing can be said of the join. */
const CRITICAL_PATIENCE_MS = 60_000;
const CRITICAL_PAUSE_MS = 1000;

/** Comes into rooms through servers that are in them (server-server API, "Joining Rooms"). */
export class RemoteJoins {
  readonly #parts: RemoteJoinParts;

  constructor(parts: RemoteJoinParts) {
    this.#parts = parts;
  }

  /** A join begins. */
  begin(roomId: RoomId): RunningJoin {
    return this.#parts.progress.begin(roomId);
  }

  /** How far the join of a room is, or what follows it, in words for people. */
  progressOf(roomId: RoomId): string | undefined {
    const status = this.#parts.progress.list.find(join => join.roomId === roomId);
    return status && progressText(status);
  }

  /** Waits until there is memory for a join, for a while. @throws MatrixError M_LIMIT_EXCEEDED with the reason */
  async admit(join: RunningJoin, signal: AbortSignal): Promise<Disposable> {
    const { rooms, admission } = this.#parts;
    const patience = new AbortController();
    const timer = rooms.clock.after(PATIENCE_MS, () => patience.abort());
    let reason = '';
    try {
      return await admission.admit('join', JOIN_BYTES, AbortSignal.any([signal, patience.signal]), why => {
        reason = why;
        join.waits(why);
        rooms.log.info('A join waits for memory.', { room: join.roomId, reason: why });
      });
    } catch (error) {
      if (!(error instanceof BudgetFullError)) throw error;
      throw new MatrixError('M_LIMIT_EXCEEDED', `The room cannot be joined just now: ${reason || error.message}.`, {
        fields: { retry_after_ms: Math.max(error.retryAfterMs, RETRY_MS) },
        cause: error,
      });
    } finally {
      timer.cancel();
    }
  }

  /** @throws UnreachableError, RefusedError, BadAnswerError, MatrixError */
  async through(server: ServerName, wish: MembershipWish, running: RunningJoin, signal: AbortSignal): Promise<void> {
    const { rooms, awaited, joining } = this.#parts;
    running.asks(server);
    const { version, event } = await makeThrough(this.#parts, server, wish, signal);
    const room = await rooms.db.tx(tx => rooms.rooms.findOrCreate(tx, wish.roomId, version));
    try {
      using _ = joining.begin(room);
      await this.#enter(server, room, event, running, signal);
    } finally {
      if (!(await isResident(rooms, rooms.db, room))) await rooms.db.tx(tx => dropAwaited(tx, room.nid));
      awaited.wake();
    }
  }

  /**
   * Joins a room that we are in by the word of a server whose users may let ours in (a restricted room). Its state is
   * ours already. @throws as `through`
   */
  async byOthers(server: ServerName, room: Room, wish: MembershipWish, signal: AbortSignal): Promise<void> {
    const { rooms, gaps } = this.#parts;
    const { version, event } = await makeThrough(this.#parts, server, wish, signal);
    if (version.id !== room.version.id) throw new BadAnswerError(server, 'the room is of another version here');
    const answer = await this.#send(
      server,
      version,
      event,
      { add: async () => undefined, refuse: () => undefined },
      signal,
    );
    const signed = await this.#withTheirSignature(server, event, answer.event);
    const options = await gaps.prepare(room, signed, server, 0);
    await writeRoom(rooms, room, async tx => {
      const result = await ingest(rooms, tx, room, signed, options);
      if (result.outcome !== 'accepted' && result.outcome !== 'known') throw refusal(result);
    });
  }

  async #enter(server: ServerName, room: Room, join: Event, running: RunningJoin, signal: AbortSignal): Promise<void> {
    const { rooms } = this.#parts;
    const intake = new StateIntake(this.#parts, room);
    running.receives(() => intake.counts);
    const answer = await this.#receive(server, room.version, join, intake, signal);
    const signed = await this.#withTheirSignature(server, join, answer.event);
    await this.#waitForCritical(server, room, signed);
    await writeRoom(rooms, room, async tx => {
      const { state: missing } = await countAwaited(tx, room.nid);
      const partial = missing > 0 || answer.membersOmitted;
      // Where members are left out, what authorises the join (an invite above all) is part of the state before it.
      const ids = answer.membersOmitted ? [...intake.stateIds, ...authIdsOf(signed)] : intake.stateIds;
      const root = await stateOfEvents(rooms, tx, room, ids, { partial });
      await this.#checkCreate(server, room, await rooms.state.event(tx, room, root, 'm.room.create'));
      const stored = await enterRoom(rooms, tx, room, signed, root);
      if (answer.membersOmitted) await markIncomplete(rooms, tx, room, stored, [server, ...answer.servers]);
      else await removeIncomplete(tx, room.nid);
    });
    if (answer.membersOmitted) this.#parts.completion.wake();
    const isWhole = !answer.membersOmitted;
    rooms.log.info('This server has come into a room.', { room: room.roomId, server, ...intake.counts, isWhole });
  }

  async #receive(
    server: ServerName,
    version: RoomVersion,
    join: Event,
    intake: StateIntake,
    signal: AbortSignal,
  ): Promise<JoinAnswerHead> {
    try {
      const head = await this.#send(server, version, join, intake, signal);
      await intake.finish();
      return head;
    } catch (error) {
      if (error instanceof NoStateError) throw new BadAnswerError(server, error.message, error);
      throw error;
    }
  }

  /** Sends the join and hands on what comes as the answer. */
  async #send(
    server: ServerName,
    version: RoomVersion,
    { roomId, id, pdu }: Event,
    sink: EventSink,
    signal: AbortSignal,
  ): Promise<JoinAnswerHead> {
    await using answer = await this.#parts.client.stream(server, {
      method: 'PUT',
      path: path`/_matrix/federation/v2/send_join/${roomId}/${id}`,
      query: { omit_members: true },
      body: pdu,
      timeoutMs: FIRST_BYTE_MS,
      maxBytes: LARGEST_ANSWER,
      signal,
    });
    return await readJoinAnswer(server, this.#watched(server, answer, signal), version, sink);
  }

  /** The answer's pieces, as long as they come fast enough; the time that we take for them does not count. */
  async *#watched(server: ServerName, answer: StreamedAnswer, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const { clock } = this.#parts.rooms;
    const begun = clock.monotonic();
    let [waited, bytes] = [0, 0];
    let asked = begun;
    for await (const piece of answer.body) {
      const now = clock.monotonic();
      waited += now - asked;
      bytes += piece.length;
      if (waited > 60_000) {
        if (bytes < LEAST_BYTES_A_MINUTE) throw new BadAnswerError(server, 'it comes too slowly');
        [waited, bytes] = [0, 0];
      }
      if (now - begun > LONGEST_ANSWER_MS) throw new BadAnswerError(server, 'it takes too long');
      signal.throwIfAborted();
      yield piece;
      asked = clock.monotonic();
    }
  }

  /** In a restricted room: our join with the signature of the server whose user lets us in. All else stays ours. */
  async #withTheirSignature(server: ServerName, join: Event, answered: Json | undefined): Promise<Event> {
    const { rooms, checked } = this.#parts;
    const authoriser = getString(join.content, 'join_authorised_via_users_server');
    if (authoriser === undefined) return join;
    const domain = parseUserId(authoriser)?.domain ?? '';
    const theirs = isObject(answered) ? getObject(getObject(answered, 'signatures') ?? {}, domain) : undefined;
    const signatures = { ...join.pdu.signatures, ...(theirs === undefined ? {} : { [domain]: theirs }) };
    const signed = readPdu({ ...join.pdu, signatures }, join.version, rooms.crypto);
    const [verdict] = signed instanceof EventError ? [] : await checked.verify([signed]);
    if (verdict?.outcome !== 'good') throw new BadAnswerError(server, verdict?.reason ?? 'its signatures are too long');
    return verdict.event;
  }

  /** Without what authorises the join nothing can be said of it. What has come waits for its key for a while. */
  async #waitForCritical(server: ServerName, room: Room, join: Event): Promise<void> {
    const { clock, db } = this.#parts.rooms;
    const until = clock.monotonic() + CRITICAL_PATIENCE_MS;
    for (;;) {
      const missing = await unstored(this.#parts, authIdsOf(join));
      if (missing.length === 0) return;
      const awaited = await awaitedAmong(db, room.nid, missing);
      if (awaited.length < missing.length || clock.monotonic() > until)
        throw new BadAnswerError(
          server,
          `${missing.join(', ')}, on which the join rests, did not come or cannot be checked`,
        );
      const pause = sleep(clock, CRITICAL_PAUSE_MS);
      await this.#parts.awaited.retry(room, pause);
      await pause;
    }
  }

  /** The room is what its create event says: nobody may tell us that it is of another version. */
  async #checkCreate(server: ServerName, room: Room, create: Event | undefined): Promise<void> {
    if (create === undefined) throw new BadAnswerError(server, 'the state has no create event');
    const version = create.content.room_version ?? '1';
    if (version !== room.version.id)
      throw new BadAnswerError(server, `the room is of version ${String(version)}, not ${room.version.id}`);
  }
}
