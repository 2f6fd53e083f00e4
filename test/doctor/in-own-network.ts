import { fileURLToPath } from 'node:url';
import type { Outcome } from '../support/stage.ts';
import { FAULTS_OF_PACKETS, hasNftables } from './faults-of-packets.ts';
import { hasOwnNetwork, runInOwnNetwork } from './own-network.ts';

/** Tells the bench that it is in a network of its own, where it may drop packets. */
export const INSIDE = '--inside';
const RUN = fileURLToPath(new URL('run.ts', import.meta.url));
const COUNTS = /^(\d+) passed, (\d+) failed/m;

/** The faults that drop packets: all where none is named. */
export async function inOwnNetwork(wanted: readonly string[]): Promise<Outcome> {
  const chosen = FAULTS_OF_PACKETS.map(({ id }) => id).filter(id => wanted.length === 0 || wanted.includes(id));
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
