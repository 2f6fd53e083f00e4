import { setTimeout } from 'node:timers/promises';
import { type Checks, mib } from '../bench/checks.ts';
import type { LoadUser } from '../bench/load-user.ts';
import type { MeasuredServer } from '../bench/measured-server.ts';
import type { HugeFederation } from './huge-federation.ts';
import type { HugeRoom } from './huge-room.ts';

/** Joins a second (row N108 of the negative tests). */
const RATE = 200;
/** So many join without knowing of each other. */
const TOGETHER = 10;
/** What is said meanwhile in another room, a second. */
const WORDS = 10;
const LONGEST_MS = 1000;
const FILTER = JSON.stringify({ room: { timeline: { limit: 100 } } });

export interface Storm {
  readonly server: MeasuredServer;
  readonly federation: HugeFederation;
  readonly room: HugeRoom;
  /** Both are in the calm room. */
  readonly speaker: LoadUser;
  readonly listener: LoadUser;
  readonly calm: string;
  /** What the server may have resident. */
  readonly limit: number;
  readonly seconds: number;
}

/** 200 people a second join a room; others go on talking. Answers how many joined. */
export async function joinStorm(storm: Storm, checks: Checks): Promise<number> {
  const { server, federation, room, limit, seconds } = storm;
  const groups = Array.from({ length: (RATE * seconds) / TOGETHER }, (_, at) => room.join(at * TOGETHER, TOGETHER));
  const joins = groups.length * TOGETHER;
  const before = server.usage.cpu;
  const began = performance.now();
  const isOver = { value: false };
  const talk = talking(storm, isOver);
  const refused: number[] = [];
  for (const [at, group] of groups.entries()) {
    await setTimeout(Math.max(began + (at * TOGETHER * 1000) / RATE - performance.now(), 0));
    const sent = group.map(({ server: origin, pdu }) => federation.send(server.url, 'load.test', origin, [pdu]));
    refused.push(...(await Promise.all(sent)).filter(status => status !== 200));
  }
  checks.check('each join is taken', refused.length === 0, `${refused.length} of ${joins} refused`);
  const took = performance.now() - began;
  isOver.value = true;
  const delays = (await talk).sort((a, b) => a - b);
  const p99 = delays[Math.floor(delays.length * 0.99)] ?? Number.POSITIVE_INFINITY;
  const rate = `${((joins * 1000) / took).toFixed(0)} joins a second`;
  const facts = `p99 ${p99.toFixed(0)} ms of ${delays.length}, at ${rate}`;
  checks.check('a storm of joins does not hold up another room', p99 < LONGEST_MS, facts);
  const { peak, cpu } = server.usage;
  checks.check(
    'nor does it take memory',
    peak < limit,
    `at the most ${mib(peak)} resident, ${(((cpu - before) * 1000) / joins).toFixed(1)} ms of CPU a join`,
  );
  return joins;
}

/** How long each message took until the other saw it, in milliseconds. */
async function talking({ speaker, listener, calm }: Storm, isOver: { readonly value: boolean }): Promise<number[]> {
  const sent = new Map<string, number>();
  const delays: number[] = [];
  let since = await listener.position();
  let isDone = false;
  const listening = (async () => {
    while (!isDone || sent.size > 0) {
      const answer = await listener.sync({ since, timeout: '1000', filter: FILTER });
      since = String(answer.next_batch);
      const text = JSON.stringify(answer);
      for (const [word, at] of sent) {
        if (!text.includes(word)) continue;
        delays.push(performance.now() - at);
        sent.delete(word);
      }
    }
  })();
  for (let at = 0; !isOver.value; at++) {
    const word = `word-${at}-`;
    sent.set(word, performance.now());
    await speaker.send(calm, { body: word });
    await setTimeout(1000 / WORDS);
  }
  isDone = true;
  await listening;
  return delays;
}
