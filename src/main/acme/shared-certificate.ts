import type { Random } from '../../base/random.ts';
import { hideText, revealText } from '../../base/secret-text.ts';
import type { Database } from '../../db/database.ts';
import { findCertificate, noteProblem, offerCertificate, replaceCertificate } from './acme.table.ts';
import { type AcmeFiles, type CertificateFacts, pemOf } from './acme-files.ts';
import type { KeyPair } from './signing-request.ts';

export interface SharedCertificateParts {
  readonly db: Database;
  /** Those of this process, from which its listener reads. */
  readonly files: AcmeFiles;
  /** Known to all processes of the server, and not to the database. */
  readonly secret: Uint8Array;
  readonly random: Random;
}

const PURPOSE = 'acme';

/**
 * The certificate of a server, however many processes it has: one of them gets it, and the others take it out of the
 * database, where its private key stands for nobody who has not got the secret of the installation too.
 */
export class SharedCertificate {
  readonly #parts: SharedCertificateParts;
  #problem: string | undefined;

  constructor(parts: SharedCertificateParts) {
    this.#parts = parts;
  }

  /** Sees to it that there is one: that of the others, the one in the files, or a stand-in. */
  async begin(names: readonly string[], now: number): Promise<void> {
    const { db, files } = this.#parts;
    if (await this.follow()) return;
    files.standIn(names, now);
    const { chain, key } = files.read();
    await db.tx(tx => offerCertificate(tx, chain, this.#hidden(key)));
    await this.follow();
  }

  /** Takes up what another process has got. False when nobody has got anything that can be read here. */
  async follow(): Promise<boolean> {
    const { db, files, secret } = this.#parts;
    const row = await findCertificate(db);
    const key = row && revealText(PURPOSE, row.sealed_key, secret);
    if (row === undefined || key === undefined) return false;
    this.#problem = row.problem ?? undefined;
    if (files.facts() === undefined || files.read().chain !== row.chain) files.write(row.chain, key);
    return true;
  }

  /** A new one, for all. */
  async keep(chain: string, { privateKey }: KeyPair): Promise<void> {
    const key = pemOf(privateKey);
    await this.#parts.db.tx(tx => replaceCertificate(tx, chain, this.#hidden(key)));
    this.#parts.files.write(chain, key);
    this.#problem = undefined;
  }

  /** Why there is no newer one, for all to tell. */
  async failed(problem: string): Promise<void> {
    this.#problem = problem;
    await this.#parts.db.tx(tx => noteProblem(tx, problem));
  }

  get facts(): CertificateFacts | undefined {
    return this.#parts.files.facts();
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  #hidden(key: string): string {
    return hideText(PURPOSE, key, this.#parts.secret, this.#parts.random);
  }
}
