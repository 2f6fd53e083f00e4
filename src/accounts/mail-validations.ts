import { hash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { type Random, randomToken } from '../base/random.ts';
import type { ServerName } from '../core/ids.ts';
import { invalidParam, MatrixError } from '../core/matrix-error.ts';
import type { Database, Tx } from '../db/database.ts';
import { mailAddress } from './mail-address.ts';
import { addAddressMail, addressInUseMail, noAccountMail, resetPasswordMail } from './mail-texts.ts';
import {
  askedValidation,
  deleteExpiredValidations,
  deleteValidation,
  findValidation,
  markValidated,
  putValidation,
  type ValidationPurpose,
  type ValidationRow,
  validationOfToken,
} from './mail-validation.table.ts';
import type { MailSender } from './ports.ts';
import type { RateLimits } from './rate-limits.ts';
import { threepidOwner } from './threepid.table.ts';

export interface MailValidationsParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly serverName: ServerName;
  readonly limits: RateLimits;
  /** Undefined where no mail is set up. */
  readonly mail: MailSender | undefined;
}

/** What a client asks for: `clientSecret` is its own choice, and a higher `sendAttempt` means that it wants a further mail. */
export interface AskedValidation {
  readonly purpose: ValidationPurpose;
  readonly email: string;
  readonly clientSecret: string;
  readonly sendAttempt: number;
  /** Where to go on afterwards. */
  readonly nextLink: string | undefined;
}

/** What a client shows afterwards. */
export interface ValidationProof {
  readonly sid: string;
  readonly clientSecret: string;
}

/** What a page shows before the user confirms. */
export interface OpenValidation {
  readonly purpose: ValidationPurpose;
  readonly address: string;
  readonly nextLink: string | undefined;
}

const MEDIUM = 'email';
const LIFETIME_MS = 60 * 60_000;
const LONGEST_LINK = 2048;

/** Path of the page that a mail leads to; `http/site/` serves it. */
export const MAIL_PAGE = '/_copse/mail';

/**
 * Proofs that a mail address belongs to whoever asks: a mail with a link, opened and confirmed. Whether an account has the
 * address is told to its owner alone, by the mail, so that nobody finds out who is here.
 */
export class MailValidations {
  readonly #parts: MailValidationsParts;

  constructor(parts: MailValidationsParts) {
    this.#parts = parts;
  }

  get isSetUp(): boolean {
    return this.#parts.mail !== undefined;
  }

  /** Sends a mail, unless this attempt was made before; the session's ID. @throws MatrixError M_INVALID_PARAM, M_LIMIT_EXCEEDED, M_UNKNOWN (502) */
  async ask(asked: AskedValidation): Promise<string> {
    const { db, clock, random, limits } = this.#parts;
    const address = mailAddress(asked.email);
    const row = { purpose: asked.purpose, client_secret: secretHash(asked.clientSecret), address };
    const nextLink = checkedLink(asked.nextLink);
    const before = await askedValidation(db, row, clock.now());
    if (before !== undefined && before.send_attempt >= asked.sendAttempt) return before.sid;
    limits.countKey('mail', `to ${address}`);
    const token = randomToken(random, 32);
    const isSent = await this.#send(asked.purpose, address, token);
    const written = {
      ...row,
      sid: randomToken(random, 16),
      send_attempt: asked.sendAttempt,
      token: isSent ? hashOf(token) : null,
      next_link: nextLink ?? null,
      expires_ts: clock.now() + LIFETIME_MS,
    };
    return db.tx(tx => putValidation(tx, written));
  }

  /** What the link of a mail is about; undefined when it leads nowhere (any more). */
  async open(token: string): Promise<OpenValidation | undefined> {
    const row = await validationOfToken(this.#parts.db, hashOf(token), this.#parts.clock.now());
    return row && openValidation(row);
  }

  /** The user has confirmed it. */
  async confirm(token: string): Promise<OpenValidation | undefined> {
    const { db, clock } = this.#parts;
    return db.tx(async tx => {
      const row = await validationOfToken(tx, hashOf(token), clock.now());
      if (row !== undefined) await markValidated(tx, row.sid, clock.now());
      return row && openValidation(row);
    });
  }

  /** Whether the address of a session is proved, for what it was asked for. */
  async isProved(proof: ValidationProof, purpose: ValidationPurpose): Promise<boolean> {
    return (await this.#proved(this.#parts.db, proof, purpose)) !== undefined;
  }

  /**
   * The address of a session that is proved, and when it was; it serves no second time.
   * @throws MatrixError M_THREEPID_AUTH_FAILED (403)
   */
  async take(
    tx: Tx,
    proof: ValidationProof,
    purpose: ValidationPurpose,
  ): Promise<{ readonly medium: string; readonly address: string; readonly validatedTs: number }> {
    const row = await this.#proved(tx, proof, purpose);
    if (row === undefined || !(await deleteValidation(tx, row.sid)))
      throw new MatrixError('M_THREEPID_AUTH_FAILED', 'The address is not confirmed yet, or not in this session.');
    return { medium: MEDIUM, address: row.address, validatedTs: row.validated_ts };
  }

  async sweep(tx: Tx): Promise<void> {
    await deleteExpiredValidations(tx, this.#parts.clock.now());
  }

  async #proved(db: Database | Tx, { sid, clientSecret }: ValidationProof, purpose: ValidationPurpose) {
    const row = await findValidation(db, sid, this.#parts.clock.now());
    if (row === undefined || row.purpose !== purpose || row.validated_ts === null) return undefined;
    if (!timingSafeEqual(row.client_secret, hashOf(clientSecret))) return undefined;
    return row as ValidationRow & { readonly validated_ts: number };
  }

  /** Whether the mail has a link in it, not just words. */
  async #send(purpose: ValidationPurpose, address: string, token: string): Promise<boolean> {
    const { db, serverName, mail } = this.#parts;
    if (mail === undefined) throw new Error('mail is asked for where none is set up');
    const hasOwner = (await threepidOwner(db, MEDIUM, address)) !== undefined;
    const link = `${mail.baseUrl}${MAIL_PAGE}?token=${token}`;
    const about = { serverName, address };
    if (purpose === 'add') await mail.send(hasOwner ? addressInUseMail(about) : addAddressMail(about, link));
    else await mail.send(hasOwner ? resetPasswordMail(about, link) : noAccountMail(about));
    return hasOwner === (purpose === 'reset');
  }
}

function openValidation({ purpose, address, next_link }: ValidationRow): OpenValidation {
  return { purpose, address, nextLink: next_link ?? undefined };
}

/** @throws MatrixError M_INVALID_PARAM where it breaks the grammar of the specification */
function secretHash(clientSecret: string): Buffer {
  if (!/^[0-9a-zA-Z.=_-]{1,255}$/.test(clientSecret)) throw invalidParam('client_secret is not a valid one.');
  return hashOf(clientSecret);
}

function hashOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** A link that the page may offer: to the web, not into a script. @throws MatrixError M_INVALID_PARAM */
function checkedLink(link: string | undefined): string | undefined {
  if (link === undefined || link === '') return undefined;
  const url = link.length > LONGEST_LINK ? null : URL.parse(link);
  if (url === null || !/^https?:$/.test(url.protocol)) throw invalidParam('next_link must be a URL of the web.');
  return url.href;
}
