import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import { followFront } from '../../src/front/follow.ts';
import { findProcesses } from '../../src/main/front-plan.ts';
import { TestCluster } from '../cluster/test-cluster.ts';
import { skipWithoutNats } from '../support/nats.ts';
import type { RunningServer } from '../support/running-server.ts';
import { type Behind, FrontWorld } from './front-world.ts';
import { needs, type ProgramName } from './programs.ts';

/** Why tests with whole processes behind a front are skipped. */
export function reason(program: ProgramName): string | false {
  if (process.env.COPSE_TEST_POSTGRES === undefined) return 'there is no PostgreSQL';
  return skipWithoutNats || needs(program).skip;
}

/** Processes that are one server, and a front that was told of them by one of them. */
export async function clustered(t: TestContext, program: ProgramName, roles: readonly (readonly string[])[]) {
  const cluster = await TestCluster.start(roles.length, { roles });
  t.after(() => cluster[Symbol.asyncDispose]());
  const told = cluster.processes[0] ?? assert.fail();
  const addresses = cluster.processes.map(({ url }) => new URL(url).host).sort();
  let living = await behind(told);
  // A process says where it listens with its next sign of life.
  for (let left = 600; left > 0 && living.length < addresses.length; left--) {
    await wait(100);
    living = await behind(told);
  }
  assert.deepEqual(living.map(({ recorder }) => recorder.address).sort(), addresses);
  return { cluster, world: await FrontWorld.open(t, program, living) };
}

/** What `copse front` takes for the processes behind it. */
async function behind({ dataDir }: RunningServer): Promise<readonly Behind[]> {
  const config = loadConfig({ data: dataDir }, { config: undefined, data: undefined, noColor: true });
  const processes = await findProcesses(config, undefined);
  return processes.map(({ name, address, roles, isDraining }) => ({ recorder: { name, address }, roles, isDraining }));
}

/** Keeps a front up to date as `copse front --follow` does, until the test is over. */
export function follow(t: TestContext, world: FrontWorld, told: RunningServer): void {
  const ending = new AbortController();
  const following = followFront(
    {
      clock: systemClock,
      wanted: async () => world.text(await behind(told)),
      install: text => world.install(text),
      say: words => t.diagnostic(words),
    },
    ending.signal,
  );
  t.after(() => {
    ending.abort();
    return following;
  });
}
