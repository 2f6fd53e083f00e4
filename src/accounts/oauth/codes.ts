import { hash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Database, Tx } from '../../db/database.ts';
import type { Login } from '../login.ts';
import { hashSecretToken, newSecretToken } from '../secret-token.ts';
import type { Session, Sessions } from '../sessions.ts';
import type { OAuthClient } from './clients.ts';
import {
  type CodeRow,
  deleteCodesExpiredBefore,
  insertCode,
  lockCode,
  setCodeFamily,
  spendCode,
} from './code.table.ts';
import { OAuthError } from './oauth-error.ts';
import type { Scope } from './scope.ts';

export interface CodesParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly login: Login;
  readonly sessions: Sessions;
}

/** What a user has allowed a client. */
export interface Allowed {
  readonly clientId: string;
  readonly userNid: number;
  readonly scope: Scope;
  readonly redirectUri: string;
  /** RFC 7636: the SHA-256 of what the client will show, in base64url. */
  readonly challenge: string;
}

/** What a client shows to get tokens. */
export interface CodeProof {
  readonly code: string;
  readonly redirectUri: string;
  readonly verifier: string;
}

export interface Granted {
  readonly session: Session;
  /** As RFC 6749 writes it. */
  readonly scope: string;
}

/** A client fetches its tokens at once, but on a phone the way back to it may take a while. */
const CODE_MS = 2 * 60_000;
const KEEP_MS = 60 * 60_000;
/** RFC 7636 section 4.1. */
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

/** Authorization codes (RFC 6749 section 4.1, with PKCE always). A code serves once, whether what comes with it is right. */
export class Codes {
  readonly #parts: CodesParts;

  constructor(parts: CodesParts) {
    this.#parts = parts;
  }

  async issue(allowed: Allowed): Promise<string> {
    const { db, clock, random } = this.#parts;
    const code = newSecretToken(random, 'cpc');
    const row = {
      client_id: allowed.clientId,
      user_nid: allowed.userNid,
      device_id: allowed.scope.deviceId,
      redirect_uri: allowed.redirectUri,
      challenge: allowed.challenge,
      scope: allowed.scope.text,
      expires_ts: clock.now() + CODE_MS,
    };
    await db.tx(tx => insertCode(tx, code.hash, row));
    return code.token;
  }

  /**
   * Tokens for a code. One that comes again was copied: what it was good for ends, for whoever has it.
   *
   * @throws OAuthError invalid_grant; MatrixError as `Login.open`
   */
  async exchange(client: OAuthClient, proof: CodeProof): Promise<Granted> {
    const hashed = hashSecretToken(proof.code);
    const granted = hashed && (await this.#parts.db.tx(tx => this.#exchange(tx, hashed, client, proof)));
    if (granted === undefined)
      throw new OAuthError('invalid_grant', 'The code is unknown, used, expired or not yours.');
    return granted;
  }

  async #exchange(tx: Tx, hashed: Uint8Array, client: OAuthClient, proof: CodeProof): Promise<Granted | undefined> {
    const { clock, sessions, login } = this.#parts;
    const row = await lockCode(tx, hashed);
    if (row === undefined) return undefined;
    if (row.spent_ts !== null) {
      if (row.family !== null) await sessions.endFamily(tx, row.user_nid, row.family);
      return undefined;
    }
    await spendCode(tx, hashed, clock.now());
    if (row.expires_ts <= clock.now() || !isProvedBy(row, client, proof)) return undefined;
    const session = await login.openIn(tx, {
      userNid: row.user_nid,
      deviceId: row.device_id,
      displayName: client.metadata.client_name,
      refreshable: true,
      oauthClient: client.id,
    });
    await setCodeFamily(tx, hashed, session.family);
    return { session, scope: row.scope };
  }

  async sweep(tx: Tx): Promise<void> {
    await deleteCodesExpiredBefore(tx, this.#parts.clock.now() - KEEP_MS);
  }
}

function isProvedBy(row: CodeRow, client: OAuthClient, { redirectUri, verifier }: CodeProof): boolean {
  if (row.client_id !== client.id || row.redirect_uri !== redirectUri) return false;
  return VERIFIER.test(verifier) && hash('sha256', verifier, 'base64url') === row.challenge;
}
