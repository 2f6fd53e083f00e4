import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { until } from './doctor-world.ts';
import type { Fault } from './fault.ts';

const HOUR_MS = 3_600_000;

/** What keeps our own process from answering. */
export const FAULTS_OF_OUR_MACHINE: readonly Fault[] = [
  {
    id: 'F42',
    about: 'somebody else holds our database, and other servers get 503',
    cause: 'D31',
    isAlone: true,
    async inject(world) {
      const { us, peer } = world;
      const free = world.lock(us);
      us.front.seen.length = 0;
      const said = [await world.say(peer, 'nobody can store it')];
      await until(() => us.front.seen.some(each => each.includes('/send/')), 'nothing was sent');
      // As long as SQLite waits for a lock, and a little.
      await wait(6000);
      free();
      return async () => {
        for (const id of said) await world.arrives(us, id);
        return true;
      };
    },
  },
  {
    id: 'F44',
    about: 'our server was cut off three times in the last hours, as the kernel does for want of memory',
    cause: 'D31',
    async inject({ us }) {
      await us.server.stop();
      const runs = [5, 4, 3].map(hours => ({ started: Date.now() - hours * HOUR_MS, ended: null }));
      writeFileSync(join(us.server.folder, 'runs.json'), JSON.stringify(runs));
      await us.server.start();
      return undefined;
    },
  },
];
