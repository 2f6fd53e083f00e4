/**
 * Faults between Copse behind a real nginx and a real Synapse: the doctor must name the cause first and bring every message
 * back, as far as it can before somebody does what it says. Runs in a network of its own: see ../run.ts.
 */
import type { Diagnosis } from '../../../src/federation/doctor/diagnose.ts';
import type { Cause } from '../../../src/federation/doctor/verdict.ts';
import { SCENES, type Scene, TRACES } from './scenes.ts';
import { SYNAPSE, SynapseWorld } from './synapse-world.ts';
import { tracesPlayed } from './traces.ts';

const SECONDS = { initial: '1s', longest: '1h' };
const WEEK = { initial: '7d', longest: '7d' };

async function main(wanted: readonly string[]): Promise<number> {
  const isShown = wanted.includes('--show');
  const isWanted = (id: string) => wanted.every(word => word.startsWith('--')) || wanted.includes(id);
  const plays = [
    ...SCENES.map(scene => ({ id: scene.id, play: () => played(scene, isShown) })),
    { id: TRACES, play: traces },
  ];
  const chosen = plays.filter(({ id }) => isWanted(id));
  let failed = 0;
  for (const { id, play } of chosen) {
    const isGood = await play().catch((error: unknown) => {
      console.log(`BAD  ${id} could not be played: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    });
    if (!isGood) failed++;
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function traces(): Promise<boolean> {
  await using world = await SynapseWorld.open(SECONDS);
  return await tracesPlayed(world);
}

async function played(scene: Scene, isShown: boolean): Promise<boolean> {
  await using world = await SynapseWorld.open(scene.cause === 'D02' ? WEEK : SECONDS);
  const { total, there } = await scene.spoil(world);
  const before = await there();
  const began = performance.now();
  if (isShown) console.log(await world.copseCommand('doctor', 'federation', SYNAPSE, '--dry-run'));
  const { diagnosis: first, done } = await world.examine();
  const seconds = (performance.now() - began) / 1000;
  const named = firstCauses(first);
  const byItself = await settled(there, total, scene.mend === undefined);
  await scene.mend?.(world);
  const { diagnosis, ...then } = await world.examine();
  const after = then.after ?? diagnosis;
  const inTheEnd = await settled(there, total, true);
  const isOver = !firstCauses(after).includes(scene.cause);
  const isHeard = await world.greets('and now');
  const isGood = named[0] === scene.cause && inTheEnd === total && isOver && isHeard;
  console.log(
    [
      isGood ? 'ok  ' : 'BAD ',
      scene.id.padEnd(3),
      scene.cause.padEnd(4),
      named.join(' ').padEnd(12),
      `${seconds.toFixed(1)} s`.padStart(7),
      `of ${total}: ${before} before, ${byItself} by the doctor, ${inTheEnd} in the end;`,
      `${isOver ? 'over' : 'NOT OVER'}, ${isHeard ? 'heard again' : 'NOT HEARD'}; ${scene.about}`,
    ].join(' '),
  );
  if (!isGood) console.log(JSON.stringify({ done, after: after.peers }, null, 1).slice(0, 6000));
  return isGood;
}

function firstCauses({ us, peers }: Diagnosis): readonly Cause[] {
  const findings = [...peers.flatMap(peer => peer.findings), ...us.findings];
  return findings.filter(({ because }) => because === undefined).map(({ cause }) => cause);
}

/** How many are there, once it is all of them or once it has had its time. */
async function settled(there: () => Promise<number>, total: number, isAwaited: boolean): Promise<number> {
  const end = performance.now() + (isAwaited ? 30_000 : 3000);
  for (;;) {
    const count = await there();
    if (count === total || performance.now() > end) return count;
    await new Promise(resolve => setTimeout(resolve, 300));
  }
}

process.exit(await main(process.argv.slice(2)));
