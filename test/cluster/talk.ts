import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { type ClusterUser, timelineOf } from './cluster-user.ts';

const enc = encodeURIComponent;

/** People who write in a room and read it, whatever happens to the processes, until they are told to stop. */
export class Talk implements Disposable {
  readonly #room: string;
  readonly #stop = new AbortController();
  readonly #users: ClusterUser[] = [];
  readonly #writers: Promise<void>[] = [];
  readonly #readers: Promise<void>[] = [];
  /** By writer: the events that were acknowledged, in order. */
  readonly #written = new Map<string, string[]>();
  /** By writer: their bodies. */
  readonly #bodies = new Map<string, string[]>();
  /** By reader: the events as they came. */
  readonly #read = new Map<string, string[]>();

  /** How much longer than it should take an answer is waited for, in milliseconds. */
  readonly #patienceMs: number;

  constructor(room: string, patienceMs = 4000) {
    this.#room = room;
    this.#patienceMs = patienceMs;
  }

  /** Writes every `everyMs` milliseconds. */
  write(user: ClusterUser, everyMs: number): void {
    this.#users.push(user);
    const [written, bodies]: [string[], string[]] = [[], []];
    this.#written.set(user.id, written);
    this.#bodies.set(user.id, bodies);
    this.#writers.push(this.#write(user, everyMs, { written, bodies }));
  }

  async #write(
    user: ClusterUser,
    everyMs: number,
    { written, bodies }: { readonly written: string[]; readonly bodies: string[] },
  ): Promise<void> {
    for (let n = 0; !this.#stop.signal.aborted; n++) {
      const path = `/v3/rooms/${enc(this.#room)}/send/m.room.message/${enc(user.id)}${n}`;
      const body = `${user.id} ${n}`;
      const { event_id: id } = await user.ok('PUT', path, { msgtype: 'm.text', body }, this.#patienceMs);
      written.push(String(id));
      bodies.push(body);
      await wait(everyMs);
    }
  }

  read(user: ClusterUser, name: string): void {
    this.#users.push(user);
    const read: string[] = [];
    this.#read.set(name, read);
    this.#readers.push(this.#follow(user, read));
  }

  async #follow(user: ClusterUser, read: string[]): Promise<void> {
    let since: string | undefined;
    for (;;) {
      const isLast = this.#stop.signal.aborted;
      const place = since === undefined ? '' : `&since=${enc(since)}`;
      const timeout = isLast ? 0 : 3000;
      const filter = enc(JSON.stringify({ room: { timeline: { limit: 1000 } } }));
      const answer = await user.ok(
        'GET',
        `/v3/sync?timeout=${timeout}${place}&filter=${filter}`,
        undefined,
        timeout + this.#patienceMs,
      );
      const events = timelineOf(answer, this.#room).filter(event => event.type === 'm.room.message');
      read.push(...events.map(event => String(event.event_id)));
      since = String(answer.next_batch);
      if (isLast && events.length === 0 && this.#isWritten) return;
    }
  }

  #isWritten = false;

  /** How often somebody was not answered at once. */
  get retries(): number {
    return this.#users.reduce((sum, { retries }) => sum + retries, 0);
  }

  /** What each of those had last who were not. */
  get troubles(): readonly string[] {
    return this.#users.flatMap(({ trouble }) => (trouble === '' ? [] : [trouble]));
  }

  get count(): number {
    return [...this.#written.values()].reduce((sum, ids) => sum + ids.length, 0);
  }

  /** Resolves when everybody has written again, and read what was written since. */
  async isServed(): Promise<void> {
    const lengths = (of: ReadonlyMap<string, string[]>) => [...of.values()].map(ids => ids.length);
    const grew = (before: readonly number[], now: readonly number[], by: number) =>
      now.every((length, at) => length >= (before[at] ?? 0) + by);
    const written = lengths(this.#written);
    // What was under way does not count: the second one was begun afterwards.
    while (!grew(written, lengths(this.#written), 2)) await wait(20);
    const all = this.count;
    while (!lengths(this.#read).every(length => length >= all)) await wait(20);
  }

  /** Nobody writes any more. By writer: what was said and acknowledged, in order. */
  async end(): Promise<ReadonlyMap<string, readonly string[]>> {
    this.#stop.abort();
    await Promise.all(this.#writers);
    return this.#bodies;
  }

  /** Resolves when everybody has read as much as was said: what goes through another server may take its time. */
  async isRead(): Promise<void> {
    while (![...this.#read.values()].every(({ length }) => length >= this.count)) await wait(50);
  }

  /** Ends it: everything that was acknowledged was read once, in the order in which each writer wrote it. */
  async check(): Promise<void> {
    await this.end();
    this.#isWritten = true;
    await Promise.all(this.#readers);
    for (const [reader, read] of this.#read) {
      assert.equal(new Set(read).size, read.length, `${reader} read an event twice`);
      const places = new Map(read.map((id, at) => [id, at]));
      for (const [writer, written] of this.#written) {
        const missing = written.filter(id => !places.has(id));
        assert.deepEqual(missing, [], `${reader} did not read ${missing.length} of ${written.length} of ${writer}`);
        const order = written.map(id => places.get(id) ?? -1);
        assert.ok(
          order.every((place, at) => at === 0 || place > (order[at - 1] ?? -1)),
          `${reader} read ${writer} in another order`,
        );
      }
      assert.equal(read.length, this.count, `${reader} read what nobody was told to have written`);
    }
  }

  /** Everybody leaves, whatever was under way: for a test that has failed. */
  [Symbol.dispose](): void {
    this.#stop.abort();
    for (const user of this.#users) user.leave();
    for (const each of [...this.#writers, ...this.#readers]) each.catch(() => undefined);
  }
}
