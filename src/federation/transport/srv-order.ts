import { type Random, randomFraction } from '../../base/random.ts';
import type { SrvRecord } from './resolver.ts';

/** SRV records in the order in which they are to be tried: by priority, within one by chance and weight (RFC 2782). */
export function orderSrv(records: readonly SrvRecord[], random: Random): SrvRecord[] {
  const priorities = [...new Set(records.map(record => record.priority))].sort((a, b) => a - b);
  return priorities.flatMap(priority =>
    drawAll(
      records.filter(record => record.priority === priority),
      random,
    ),
  );
}

function drawAll(records: readonly SrvRecord[], random: Random): SrvRecord[] {
  // Those without weight come first, so that they are drawn when the chance is exactly nothing.
  const left = [...records].sort((a, b) => a.weight - b.weight);
  const drawn: SrvRecord[] = [];
  while (left.length > 0) {
    let chance = randomFraction(random) * left.reduce((sum, record) => sum + record.weight, 0);
    const at = left.findIndex(record => {
      chance -= record.weight;
      return chance <= 0;
    });
    drawn.push(...left.splice(Math.max(at, 0), 1));
  }
  return drawn;
}
