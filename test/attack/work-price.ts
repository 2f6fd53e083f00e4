import { ProofOfWork } from '../../src/accounts/proof-of-work.ts';
import { silentLog } from '../../src/base/log.ts';
import { TestClock } from '../support/accounts.ts';

/** The hashes that so many accounts are expected to take one after the other, at the difficulty that a calm server begins with. */
export function expectedHashes(accounts: number, bits: number): number {
  const work = new ProofOfWork(new TestClock(), silentLog, { when: 'under_load', bits });
  let hashes = 0;
  for (let made = 0; made < accounts; made++) {
    if (work.demand === 'required') hashes += 2 ** work.bits;
    work.noteSignUp();
  }
  return hashes;
}
