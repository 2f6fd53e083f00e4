import { createHash } from 'node:crypto';

/** The leading zero bits that a number gives for a session, as docs/registration.md says it. */
export function zeroBits(session: string, nonce: string): number {
  const challenge = createHash('sha256').update(session).digest('hex');
  return Math.clz32(
    createHash('sha256')
      .update(challenge + nonce)
      .digest()
      .readUInt32BE(0),
  );
}

/** A solution of the stage `io.copse.proof_of_work`: at least `bits` leading zero bits, and at most `most`. */
export function solve(session: string, bits: number, most = 32): string {
  for (let nonce = 0; ; nonce++) {
    const zeros = zeroBits(session, String(nonce));
    if (zeros >= bits && zeros <= most) return String(nonce);
  }
}
