import { createHash } from 'node:crypto';

/**
 * A solution of the stage `io.copse.proof_of_work`, as docs/registration.md says it: at least `bits` leading zero bits,
 * and at most `most`.
 */
export function solve(session: string, bits: number, most = 32): string {
  const challenge = createHash('sha256').update(session).digest('hex');
  const start = createHash('sha256').update(challenge);
  for (let nonce = 0; ; nonce++) {
    const zeros = Math.clz32(start.copy().update(String(nonce)).digest().readUInt32BE(0));
    if (zeros >= bits && zeros <= most) return String(nonce);
  }
}
