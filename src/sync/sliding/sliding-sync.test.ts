import assert from 'node:assert/strict';
import { onEachDatabase } from '../../../test/support/databases.ts';
import { ALICE, BOB, joinAll, newRoom, roomsOn, say } from '../../../test/support/rooms.ts';
import { SyncBench } from '../../../test/support/sync.ts';
import type { Admission } from '../../base/admission.ts';
import { BudgetFullError } from '../../base/budget-account.ts';
import type { UserId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { slidingRequest } from '../../http/client/sync/sliding-request.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import type { Room } from '../../rooms/room.ts';
import type { SlidingRequest } from './request.ts';

type Answer = JsonObject & { readonly pos: string; readonly rooms: Record<string, { timeline?: unknown[] }> };

/** Asks the part itself, past HTTP. */
class Asker {
  readonly #bench: SyncBench;
  readonly #rooms: RoomsParts;

  constructor(bench: SyncBench, rooms: RoomsParts) {
    this.#bench = bench;
    this.#rooms = rooms;
  }

  async ask(
    userId: UserId,
    pos: string | undefined,
    count: number,
    more: Partial<SlidingRequest> = {},
  ): Promise<Answer> {
    const list = { timeline_limit: 5, required_state: [], ranges: [[0, count - 1]] };
    const userNid = await this.#rooms.db.tx(tx => this.#rooms.nids.users.internOne(tx, userId));
    const answer = await this.#bench.slidingSync.answer({
      ...slidingRequest({ lists: { all: list } } as never, userId),
      view: { userId, userNid, deviceId: 'DEVICE' },
      pos,
      timeoutMs: 0,
      setPresence: 'online',
      signal: new AbortController().signal,
      ...more,
    });
    return answer as unknown as Answer;
  }
}

const told = ({ rooms }: Answer, room: Room) => rooms[room.roomId]?.timeline?.length;

onEachDatabase('a request that its client gave up leaves nothing behind', async db => {
  const rooms = roomsOn(db);
  using bench = new SyncBench(rooms);
  const asker = new Asker(bench, rooms);
  const [one, two] = [await newRoom(rooms, { name: 'one' }), await newRoom(rooms, { name: 'two' })];
  const { pos } = await asker.ask(ALICE, undefined, 2);
  const given = new AbortController();
  await say(rooms, one, ALICE, 'below the range: it is written down that the client has to be told later');
  await say(rooms, two, ALICE, 'in the range');
  const late = asker.ask(ALICE, pos, 1, { signal: given.signal });
  given.abort();
  assert.deepEqual(await late, { pos, rooms: {}, extensions: {} });
  const next = await asker.ask(ALICE, pos, 1);
  assert.deepEqual([told(next, two), told(next, one)], [1, undefined]);
  await asker.ask(ALICE, pos, 1, { signal: given.signal });
  const last = await asker.ask(ALICE, next.pos, 2);
  assert.deepEqual([told(last, two), told(last, one)], [undefined, 1]);
});

/** Shows what was asked for and what is held. */
class Asked implements Admission {
  readonly works: [string, number][] = [];
  held = 0;
  isFull = false;

  async admit(work: string, bytes: number) {
    if (this.isFull) throw new BudgetFullError(work, 'full', 1000);
    this.works.push([work, bytes]);
    this.held++;
    return { bytes, add() {}, [Symbol.dispose]: () => void this.held-- };
  }
}

onEachDatabase('answers of many events ask for memory, and those who wait are sent away for want of it', async db => {
  const rooms = roomsOn(db);
  const asked = new Asked();
  using bench = new SyncBench(rooms, {}, asked);
  const asker = new Asker(bench, rooms);
  for (let at = 0; at < 5; at++) await joinAll(rooms, await newRoom(rooms, { name: `room ${at}` }), [BOB]);
  await asker.ask(BOB, undefined, 1);
  assert.equal(asked.works.length, 0, 'one room is little');
  const { pos } = await asker.ask(BOB, undefined, 5);
  assert.deepEqual([asked.works.map(([work]) => work), asked.held], [['initial_sync'], 0]);
  assert.ok((asked.works[0]?.[1] ?? 0) > 100_000);
  asked.isFull = true;
  await assert.rejects(asker.ask(BOB, undefined, 5), BudgetFullError);
  await asker.ask(BOB, pos, 5);
  const full = new BudgetFullError('requests', 'critical', 1000);
  const pressed = new AbortController();
  const waiting = asker.ask(BOB, pos, 5, { timeoutMs: 60_000, signal: pressed.signal });
  pressed.abort(full);
  await assert.rejects(waiting, error => error === full);
});
