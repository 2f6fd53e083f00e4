import { fileURLToPath } from 'node:url';
import type { Outcome } from '../support/stage.ts';
import { type Choice, INSIDE, isChosen } from './choice.ts';
import { FAULTS_OF_PACKETS, hasNftables } from './faults-of-packets.ts';
import { hasOwnNetwork, runInOwnNetwork } from './own-network.ts';

const RUN = fileURLToPath(new URL('run.ts', import.meta.url));
const COUNTS = /^(\d+) passed, (\d+) failed/m;

/** The faults that drop packets and are chosen. */
export async function inOwnNetwork(choice: Choice): Promise<Outcome> {
  const chosen = FAULTS_OF_PACKETS.map(({ id }) => id).filter(id => isChosen(choice, 'packets', id));
  if (chosen.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  if (!hasNftables() || !hasOwnNetwork()) {
    console.log(`skipped ${chosen.join(' ')}: there is no nftables, or no network of our own`);
    return { passed: 0, failed: 0, skipped: chosen.length };
  }
  const { output } = await runInOwnNetwork({}, RUN, [INSIDE, ...chosen]);
  const [, passed, failed] = COUNTS.exec(output) ?? [];
  if (passed === undefined) return { passed: 0, failed: chosen.length, skipped: 0 };
  return { passed: Number(passed), failed: Number(failed), skipped: 0 };
}
