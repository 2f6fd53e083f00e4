import { fileURLToPath } from 'node:url';
import { synapsePython } from '../../federation/install-synapse.ts';
import type { Outcome } from '../../support/stage.ts';
import { type Choice, isChosen } from '../choice.ts';
import { hasNginx } from '../nginx.ts';
import { hasOwnNetwork, runInOwnNetwork } from '../own-network.ts';
import { SCENES, TRACES } from './scenes.ts';
import { HOSTS } from './synapse-world.ts';

const RUN = fileURLToPath(new URL('run.ts', import.meta.url));
const COUNTS = /^(\d+) passed, (\d+) failed$/m;

/** Plays the scenes with a real Synapse that are chosen, in a network of their own. */
export async function withSynapse(choice: Choice): Promise<Outcome> {
  const chosen = [...SCENES.map(({ id }) => id), TRACES].filter(id => isChosen(choice, 'synapse', id));
  if (chosen.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const why = whyNot();
  if (why !== undefined) {
    console.log(`skipped ${chosen.join(' ')}: ${why}`);
    return { passed: 0, failed: 0, skipped: chosen.length };
  }
  const { output } = await runInOwnNetwork(HOSTS, RUN, chosen);
  const [, passed, failed] = COUNTS.exec(output) ?? [];
  if (passed === undefined) return { passed: 0, failed: chosen.length, skipped: 0 };
  return { passed: Number(passed), failed: Number(failed), skipped: 0 };
}

function whyNot(): string | undefined {
  if (!hasNginx()) return 'there is no nginx';
  if (!hasOwnNetwork()) return 'this machine gives us no network of our own';
  try {
    synapsePython();
    return undefined;
  } catch (error) {
    return `Synapse cannot be had: ${(error as Error).message}`;
  }
}
