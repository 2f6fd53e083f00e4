import { createHash } from 'node:crypto';

/**
 * Whom of several a piece of work belongs to (rendezvous hashing, Thaler and Ravishankar 1998): everybody finds the same
 * one without asking, and when one comes or goes only what is its own moves. Undefined where there is nobody.
 */
export function preferred(work: string, candidates: Iterable<string>): string | undefined {
  let best: { readonly candidate: string; readonly weight: string } | undefined;
  for (const candidate of candidates) {
    const weight = createHash('sha256').update(`${work}\n${candidate}`).digest('hex');
    if (best === undefined || weight > best.weight) best = { candidate, weight };
  }
  return best?.candidate;
}
