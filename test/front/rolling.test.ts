import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { assertTook } from '../support/slowness.ts';
import { clustered, follow, reason } from './clustered-front.ts';
import { PROGRAMS } from './programs.ts';
import { Visitor } from './visitor.ts';

/** A process ends within so long, whatever is under way. */
const ENDS_WITHIN_MS = 10_000;

/** What goes on until it is told to end, and what failed of it. */
class Load {
  readonly failures: string[] = [];
  requests = 0;
  #isOver = false;
  readonly #loops: Promise<void>[] = [];

  /** Does something again and again; the number of the turn is handed in. */
  repeat(visitor: Visitor, question: (turn: number) => Parameters<Visitor['ask']>[0], pauseMs: number): void {
    this.#loops.push(this.#run(visitor, question, pauseMs));
  }

  async #run(visitor: Visitor, question: (turn: number) => Parameters<Visitor['ask']>[0], pauseMs: number) {
    for (let turn = 0; !this.#isOver; turn++) {
      const asked = question(turn);
      const what = `${asked.method ?? 'GET'} ${asked.path}`;
      this.requests++;
      await visitor.ask(asked).then(
        ({ status, text }) => status === 200 || this.failures.push(`${what}: ${status} ${text.slice(0, 200)}`),
        (error: Error) => this.failures.push(`${what}: ${error.message}`),
      );
      await wait(pauseMs);
    }
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
  }
}

/** What a server's log says that may be why a request failed. */
function warningsIn(log: string): string {
  const lines = log.split('\n').filter(line => /"level":"(?:warn|error)"/.test(line));
  return lines.slice(-30).join('\n');
}

for (const program of PROGRAMS) {
  test(`${program}: three processes are restarted one after the other under load, and no request fails`, {
    skip: reason(program),
  }, async t => {
    const { cluster, world } = await clustered(t, program, [[], [], []]);
    const [first = assert.fail()] = cluster.processes;
    follow(t, world, first);
    const ann = await Visitor.register(world, 'ann');
    const rooms: string[] = [];
    for (let at = 0; at < 6; at++)
      rooms.push(encodeURIComponent(String((await ann.ok('POST', '/_matrix/client/v3/createRoom', {})).room_id)));
    const load = new Load();
    for (const room of rooms) {
      const send = `/_matrix/client/v3/rooms/${room}/send/m.room.message`;
      load.repeat(
        ann,
        turn => ({ method: 'PUT', path: `${send}/${turn}`, body: '{"msgtype":"m.text","body":"x"}' }),
        100,
      );
      load.repeat(ann, () => ({ path: `/_matrix/client/v3/rooms/${room}/messages?dir=b&limit=5` }), 200);
    }
    // What may not be done twice, and what waits long.
    const body = JSON.stringify({ receipts: 'none' });
    load.repeat(
      ann,
      () => ({ method: 'POST', path: `/_matrix/client/v3/user/${encodeURIComponent(ann.id)}/filter`, body }),
      100,
    );
    const bob = await Visitor.register(world, 'bob');
    const since = String((await bob.ok('GET', '/_matrix/client/v3/sync')).next_batch);
    const poll = { path: `/_matrix/client/v3/sync?timeout=8000&since=${since}` };
    for (let at = 0; at < 10; at++) load.repeat(bob, () => poll, 50);
    await wait(2000);
    const took: number[] = [];
    for (const process of cluster.processes) {
      const began = performance.now();
      await process.end();
      took.push(Math.round(performance.now() - began));
      await process.restart();
      while (!new RegExp(`server[^\\n]* ${new URL(process.url).host} (?!down)`).test(world.configuration))
        await wait(100);
      await wait(1000);
    }
    await load.end();
    t.diagnostic(`${load.requests} requests; ended after ${took.join(', ')} ms`);
    if (load.failures.length > 0) for (const process of cluster.processes) t.diagnostic(warningsIn(process.log));
    assert.deepEqual(load.failures, []);
    for (const ms of took) assertTook(ms, ENDS_WITHIN_MS, 'a process ends');
  });
}
