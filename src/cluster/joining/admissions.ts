import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import type { Database } from '../../db/database.ts';
import { allBoards, putBoard } from '../boards/board.table.ts';
import { databaseTime, type Moment } from '../process.table.ts';
import type { BoardIdentity } from './board-folder.ts';
import { certificateHash, keyFingerprint } from './certificates.ts';
import { type Invitation, newSecret } from './invitation.ts';
import type { JoinAnswer, JoinRequest } from './join-message.ts';
import { putToken, useToken } from './token.table.ts';

export interface AdmissionParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What a board needs of this server: its name, keys, secrets and settings. */
  readonly files: () => JoinAnswer['files'];
  /** For tests: what time it is for all processes; else the database says. */
  readonly now?: () => Moment;
}

/** Lets other boards in. */
export class Admissions {
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** An invitation for one board, good for `lifeMs`. */
  async invite(identity: BoardIdentity, lifeMs: number): Promise<Invitation> {
    const secret = newSecret(this.#parts.random);
    await this.#parts.db.tx(tx => putToken(tx, hashOf(secret), this.#now(), lifeMs));
    return { secret, authority: certificateHash(identity.authority.certificate) };
  }

  /**
   * A board comes with an invitation. What it is given is the server itself: its keys too. @throws MatrixError
   * M_FORBIDDEN where the invitation is worth nothing, M_INVALID_PARAM, M_USER_IN_USE where the name is another board's
   */
  async admit({ authority }: BoardIdentity, asked: JoinRequest): Promise<JoinAnswer> {
    const { db, clock, random, log, files } = this.#parts;
    const { certificate, others } = await db.tx(async tx => {
      const now = this.#now();
      if (!(await useToken(tx, hashOf(asked.secret), asked.name, now)))
        throw new MatrixError(
          'M_FORBIDDEN',
          'The invitation was used, has run out, or never was: copse token makes one.',
        );
      const others = await allBoards(tx, now);
      // One that is silent may have lost its disk, and comes back under its name.
      if (others.some(({ name, isAlive }) => name === asked.name && isAlive))
        throw new MatrixError('M_USER_IN_USE', `A board ${asked.name} is there and alive. Take another --name.`);
      const wanted = { request: asked.request, board: asked.name };
      const { issueCertificate } = await import('./x509.ts');
      const certificate = await issueCertificate(authority, wanted, { random, now: clock.now() });
      if (certificate === undefined)
        throw new MatrixError('M_INVALID_PARAM', 'This is no request for a certificate (PKCS #10, PEM).');
      await putBoard(tx, { ...asked, fingerprint: keyFingerprint(certificate) }, now);
      return { certificate, others };
    });
    log.info('A board has joined the cluster.', { board: asked.name, address: asked.address });
    return { certificate, authority, addresses: others.map(({ address }) => address), files: files() };
  }

  #now(): Moment {
    return this.#parts.now?.() ?? databaseTime(this.#parts.db);
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
