import { setTimeout as wait } from 'node:timers/promises';
import type { Facts } from '../../src/federation/doctor/facts.ts';
import { DoctorWorld } from './doctor-world.ts';

/** A world in which nothing is wrong, and much happens. */
interface Healthy {
  readonly about: string;
  /** What happens again and again while the doctor looks. */
  readonly happens: (world: DoctorWorld) => Promise<void>;
}

const BACKLOG = 12;

export const HEALTHY: readonly Healthy[] = [
  { about: 'an idle world', happens: () => wait(50) },
  {
    about: 'both talk all the time',
    async happens(world) {
      await Promise.all([world.say(world.us, 'one'), world.say(world.peer, 'two')]);
      await wait(20);
    },
  },
  {
    about: 'much comes at once, after it could not come',
    async happens(world) {
      // What the doctor itself sends there is not signed: it would rightly name a path that answers 502.
      world.us.front.answering = ({ url = '', headers }, answer) =>
        url.includes('/send/') && headers.authorization !== undefined && answer.writeHead(502).end() !== undefined;
      for (let at = 0; at < BACKLOG; at++) await world.say(world.peer, `much ${at}`);
      world.us.front.answering = () => false;
      // The peer tries again after a second.
      await wait(3000);
    },
  },
  {
    about: 'a peer that restarts',
    async happens({ peer }) {
      await peer.server.stop();
      await wait(200);
      await peer.server.start();
      await wait(1500);
    },
  },
];

/** Looks so many times while such things happen; answers what was seen each time. */
export async function* lookedAt({ happens }: Healthy, times: number): AsyncGenerator<Facts> {
  await using world = await DoctorWorld.open();
  const stop = new AbortController();
  const happening = (async () => {
    while (!stop.signal.aborted) await happens(world);
  })();
  // Whoever fails to make something happen fails the run below.
  happening.catch(() => undefined);
  try {
    for (let at = 0; at < times; at++) {
      yield await world.facts();
      await wait(100);
    }
  } finally {
    stop.abort();
    await happening;
  }
}
