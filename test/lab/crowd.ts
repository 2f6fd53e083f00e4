import assert from 'node:assert/strict';
import { ClusterUser, type Door } from '../cluster/cluster-user.ts';
import { Talk } from '../cluster/talk.ts';

export interface CrowdSize {
  readonly rooms: number;
  /** Of each room: one writes, all of them read. */
  readonly people: number;
  /** Between two messages of a room, in milliseconds. */
  readonly everyMs: number;
  /** As `Talk` has it. */
  readonly patienceMs?: number;
}

/** People in several rooms who write and read all the time, until they leave. */
export class Crowd implements Disposable {
  readonly #talks: readonly Talk[];

  private constructor(talks: readonly Talk[]) {
    this.#talks = talks;
  }

  static async gather(doors: readonly Door[], { rooms, people, everyMs, patienceMs }: CrowdSize): Promise<Crowd> {
    const talks: Talk[] = [];
    for (let room = 0; room < rooms; room++) {
      const users = await Promise.all(
        Array.from({ length: people }, (_, at) => ClusterUser.register(doors, at, `user-${room}-${at}`)),
      );
      const [writer = assert.fail(), ...others] = users;
      const { room_id: id } = await writer.ok('POST', '/v3/createRoom', { preset: 'public_chat' });
      await Promise.all(others.map(other => other.ok('POST', `/v3/join/${encodeURIComponent(String(id))}`, {})));
      const talk = new Talk(String(id), patienceMs);
      talk.write(writer, everyMs);
      for (const [at, user] of users.entries()) talk.read(user.elsewhere(at), `reader ${at} of room ${room}`);
      talks.push(talk);
    }
    return new Crowd(talks);
  }

  /** How long it took until everybody had written again, and everybody in the room had read it, in milliseconds. */
  async servedAfter(): Promise<number> {
    const began = performance.now();
    await Promise.all(this.#talks.map(talk => talk.isServed()));
    return performance.now() - began;
  }

  /** Ends it: everything that was acknowledged was read once by everybody, in order. */
  async check(): Promise<void> {
    await Promise.all(this.#talks.map(talk => talk.check()));
  }

  get count(): number {
    return this.#talks.reduce((sum, { count }) => sum + count, 0);
  }

  get retries(): number {
    return this.#talks.reduce((sum, { retries }) => sum + retries, 0);
  }

  get troubles(): readonly string[] {
    return this.#talks.flatMap(({ troubles }) => troubles);
  }

  [Symbol.dispose](): void {
    for (const talk of this.#talks) talk[Symbol.dispose]();
  }
}
