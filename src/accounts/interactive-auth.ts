import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { lenientCanonicalJson } from '../core/canonical-json.ts';
import { getObject, getString, type JsonObject } from '../core/json.ts';
import { type Errcode, forbidden, MatrixError } from '../core/matrix-error.ts';
import type { Database, Tx } from '../db/database.ts';
import { keptReason, REASON } from './applications.ts';
import { AUTH_SESSION_MS, type AuthSessionIds, BINDING_BYTES } from './auth-session.ts';
import { type AuthStageRow, insertStage, stagesOf, takeExpiredStages, takeStages } from './auth-stage.table.ts';
import { type Credentials, isByAddress } from './credentials.ts';
import type { ExternalIdentities } from './external-identities.ts';
import type { MailValidations, ValidationProof } from './mail-validations.ts';
import { PROOF_OF_WORK, type ProofOfWork } from './proof-of-work.ts';
import type { RateLimits } from './rate-limits.ts';
import type { RegistrationTokens } from './registration-tokens.ts';
import type { Requester } from './requester.ts';
import type { Users } from './users.ts';

/** The stages of the specification and, with `io.copse.`, our own (docs/registration.md). */
export type AuthStage =
  | 'm.login.password'
  | 'm.login.dummy'
  | 'm.login.registration_token'
  | 'm.login.terms'
  | 'm.login.email.identity'
  | 'm.login.sso'
  | 'm.oauth'
  | 'org.matrix.cross_signing_reset'
  | typeof PROOF_OF_WORK
  | typeof REASON;
/** Stages for which there is a page to pass them in a browser. */
export type PageStage = Exclude<
  AuthStage,
  | 'm.login.password'
  | 'm.login.dummy'
  | 'm.login.email.identity'
  | 'm.login.sso'
  | 'm.oauth'
  | 'org.matrix.cross_signing_reset'
>;
/** Alternative lists of stages; one of them has to be completed. */
export type AuthFlows = readonly (readonly AuthStage[])[];

/** For requests of a user who is logged in. */
const PASSWORD_FLOWS: AuthFlows = [['m.login.password']];
const SIGN_ON_FLOWS: AuthFlows = [['m.login.sso']];

/** For users who have forgotten their password: the address that they have proved. */
export const RESET_FLOWS: AuthFlows = [['m.login.email.identity']];

export interface InteractiveRequest {
  /** What is asked for: method and path with its parts filled in. */
  readonly operation: string;
  /** The whole body, `auth` included. */
  readonly body: JsonObject;
  readonly user: Requester | undefined;
  readonly ip: string;
}

/** `challenge`: the body of the 401 that tells the client what is missing. `session`: for `finish`. */
export type InteractiveOutcome =
  | { readonly passed: true; readonly session: string }
  | { readonly passed: false; readonly challenge: JsonObject };

/** A request of a user who is logged in. */
export interface ConfirmationRequest extends InteractiveRequest {
  readonly user: Requester;
}

export interface InteractiveAuthParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly sessionIds: AuthSessionIds;
  readonly credentials: Credentials;
  readonly registrationTokens: RegistrationTokens;
  readonly proofOfWork: ProofOfWork;
  readonly limits: RateLimits;
  readonly validations: MailValidations;
  readonly users: Users;
  readonly identities: ExternalIdentities;
  /** The providers of single sign-on that there are now. */
  readonly signOnProviders: readonly string[];
}

type Who = Pick<InteractiveRequest, 'user' | 'ip'>;

/** Why an attempt at a stage failed; undefined where it did not. */
type Failure = { readonly errcode: Errcode; readonly error: string } | undefined;

/** Stands among the stages of a session that has served. */
const SPENT = 'spent';

/**
 * User-interactive authentication (client-server API, "User-Interactive Authentication API"). A session is good for one
 * operation with one body by one user. Passwords that a client has shown to pass a stage are not stored.
 */
export class InteractiveAuth {
  readonly #parts: InteractiveAuthParts;

  constructor(parts: InteractiveAuthParts) {
    this.#parts = parts;
  }

  /**
   * `params`: what clients have to know to pass the stages, by stage.
   * @throws MatrixError M_FORBIDDEN for another request's session or another user's password, M_LIMIT_EXCEEDED */
  async check(request: InteractiveRequest, flows: AuthFlows, params: JsonObject = {}): Promise<InteractiveOutcome> {
    const outcome = await this.#check(request, flows);
    return outcome.passed ? outcome : { passed: false, challenge: { ...outcome.challenge, params } };
  }

  /**
   * For requests of a user who is logged in: proves to be the user once more, by the password, or by single sign-on where
   * the account has that. @throws MatrixError as `check`
   */
  async confirm(request: ConfirmationRequest): Promise<InteractiveOutcome> {
    if (request.user.oauthClient !== undefined) throw notByOAuth();
    return this.check(request, await this.#confirmationFlows(request.user.userNid));
  }

  async #confirmationFlows(userNid: number): Promise<AuthFlows> {
    const { users, identities, signOnProviders } = this.#parts;
    if (signOnProviders.length === 0) return PASSWORD_FLOWS;
    const known = await identities.of(userNid);
    if (!known.some(({ provider }) => signOnProviders.includes(provider))) return PASSWORD_FLOWS;
    const hasPassword = (await users.byNid(userNid))?.passwordHash !== undefined;
    return hasPassword ? [...PASSWORD_FLOWS, ...SIGN_ON_FLOWS] : SIGN_ON_FLOWS;
  }

  async #check(request: InteractiveRequest, flows: AuthFlows): Promise<InteractiveOutcome> {
    const auth = getObject(request.body, 'auth');
    const session = await this.#session(request, auth === undefined ? undefined : getString(auth, 'session'));
    const completed = await this.#completed(session, request.user);
    if (completed.has(SPENT)) throw used();
    const type = auth === undefined ? undefined : getString(auth, 'type');
    if (auth === undefined || type === undefined) return this.#conclude(flows, session, completed, undefined);
    const stage = flows.flat().find(offered => offered === type);
    if (stage === undefined) throw forbidden(`${type} is not a way to authenticate this request.`);
    const failure = completed.has(stage)
      ? undefined
      : isNext(flows, completed, stage)
        ? await this.#attempt(stage, auth, request, session)
        : OUT_OF_ORDER;
    if (failure !== undefined) return this.#conclude(flows, session, completed, failure);
    completed.add(stage);
    const outcome = this.#conclude(flows, session, completed, undefined);
    if (!outcome.passed) await this.#remember(session, stage);
    return outcome;
  }

  /**
   * Forgets the session in the transaction that carries out its request. Answers the stages that were stored for it,
   * with what was stored. @throws MatrixError M_FORBIDDEN when the session is spent
   */
  async finish(tx: Tx, session: string): Promise<ReadonlyMap<string, string | null>> {
    const rows = await takeStages(tx, session);
    if (rows.some(({ stage }) => stage === SPENT)) throw used();
    for (const { stage, detail } of rows) await this.#settle(tx, stage, detail, true);
    return new Map(rows.map(row => [row.stage, row.detail]));
  }

  /**
   * After `finish`: the session serves no second time, whatever it is shown. For sessions that no user and no body
   * binds. @throws MatrixError M_FORBIDDEN when another request was quicker
   */
  async spend(tx: Tx, session: string): Promise<void> {
    if (!(await this.#insert(tx, session, SPENT, null))) throw used();
  }

  /** Whether an ID is one of ours that has not expired, whatever its session is for. */
  async isSession(session: string): Promise<boolean> {
    return (await this.#parts.sessionIds.check(session, [])) === 'foreign';
  }

  /**
   * Tries to complete a stage with what the user has entered on a page of ours; the client then repeats its request with
   * the session alone. `lost`: there is no such session any more.
   */
  async completeInBrowser(
    stage: PageStage,
    auth: { readonly session: string } & JsonObject,
    ip: string,
  ): Promise<'done' | 'lost' | { readonly error: string }> {
    const { session } = auth;
    if (!(await this.isSession(session))) return 'lost';
    const completed = await this.#completed(session);
    if (completed.has(SPENT)) return 'lost';
    if (completed.has(stage)) return 'done';
    const failure = await this.#attempt(stage, auth, { user: undefined, ip }, session);
    if (failure !== undefined) return failure;
    await this.#remember(session, stage);
    return 'done';
  }

  /** Somebody has signed on as this user for the session, which counts if it is this user's. False: it is no session. */
  async completeBySignOn(session: string, userNid: number): Promise<boolean> {
    if (!(await this.isSession(session))) return false;
    await this.#parts.db.tx(tx => this.#insert(tx, session, 'm.login.sso', String(userNid)));
    return true;
  }

  /** Gives back what sessions have reserved that were not finished in time. */
  async sweep(): Promise<void> {
    const { db, clock } = this.#parts;
    await db.tx(async tx => {
      for (const { stage, detail } of await takeExpiredStages(tx, clock.now())) {
        await this.#settle(tx, stage, detail, false);
      }
    });
  }

  async #settle(tx: Tx, stage: string, detail: string | null, isUsed: boolean): Promise<void> {
    if (stage !== 'm.login.registration_token' || detail === null) return;
    await this.#parts.registrationTokens.settle(tx, detail, isUsed);
  }

  /** The session that the client names if it may, else a new one. */
  async #session(request: InteractiveRequest, named: string | undefined): Promise<string> {
    const binding = bindingOf(request, request.body);
    if (named === undefined) return this.#parts.sessionIds.create(binding);
    // Clients ask for the flows of registration with an empty body first, and go on in that session.
    const bindings = request.user === undefined ? [binding, bindingOf(request, {})] : [binding];
    const verdict = await this.#parts.sessionIds.check(named, bindings);
    if (verdict === 'foreign') throw forbidden('This authentication session was started for another request.');
    return verdict === 'good' ? named : this.#parts.sessionIds.create(binding);
  }

  #conclude(flows: AuthFlows, session: string, completed: ReadonlySet<string>, failure: Failure): InteractiveOutcome {
    const isDone = flows.some(flow => flow.length > 0 && flow.every(stage => completed.has(stage)));
    if (isDone && failure === undefined) return { passed: true, session };
    const challenge: JsonObject = { flows: flows.map(stages => ({ stages: [...stages] })), params: {}, session };
    if (completed.size > 0) challenge.completed = [...completed];
    return { passed: false, challenge: { ...challenge, ...failure } };
  }

  async #attempt(stage: AuthStage, auth: JsonObject, who: Who, session: string): Promise<Failure> {
    if (stage === 'm.login.password') return this.#password(auth, who);
    if (stage === 'm.login.sso') return { errcode: 'M_FORBIDDEN', error: 'Sign on in a browser first.' };
    if (stage === 'm.oauth' || stage === 'org.matrix.cross_signing_reset')
      return { errcode: 'M_FORBIDDEN', error: 'Allow it on the page first.' };
    if (stage === 'm.login.registration_token') return this.#registrationToken(auth, who, session);
    if (stage === PROOF_OF_WORK) return this.#proofOfWork(auth, session);
    if (stage === 'm.login.email.identity') return this.#email(auth);
    return stage === REASON ? this.#reason(auth, who, session) : undefined;
  }

  async #password(auth: JsonObject, { user, ip }: Who): Promise<Failure> {
    const name = (await this.#parts.credentials.identifiedName(auth)) ?? user?.userId;
    const password = getString(auth, 'password');
    if (name === undefined || password === undefined) {
      throw new MatrixError('M_MISSING_PARAM', 'The password stage needs an identifier and a password.');
    }
    // Not known, or of another account: nobody learns which.
    if (user !== undefined && isByAddress(auth) && name !== user.userId)
      throw forbidden('Your account has no such address.');
    const owner = await this.#parts.credentials.check(name, password, ip);
    if (owner === undefined || owner.isDeactivated)
      return { errcode: 'M_FORBIDDEN', error: 'Wrong user name or password.' };
    if (user !== undefined && owner.userNid !== user.userNid) throw forbidden('This is the password of another user.');
    return undefined;
  }

  async #email(auth: JsonObject): Promise<Failure> {
    if (await this.#parts.validations.isProved(validationProof(auth), 'reset')) return undefined;
    return { errcode: 'M_THREEPID_AUTH_FAILED', error: 'Open the link in the mail and confirm it there.' };
  }

  async #registrationToken(auth: JsonObject, { ip }: Who, session: string): Promise<Failure> {
    const token = getString(auth, 'token');
    if (token === undefined) throw new MatrixError('M_MISSING_PARAM', 'The stage needs a token.');
    const { db, credentials, registrationTokens } = this.#parts;
    const isGood = await db.tx(async tx => {
      if (!(await registrationTokens.reserve(tx, token))) return false;
      const isFirst = await this.#insert(tx, session, 'm.login.registration_token', token);
      if (!isFirst) await registrationTokens.settle(tx, token, false);
      return true;
    });
    if (isGood) return undefined;
    credentials.countFailure(ip);
    return { errcode: 'M_FORBIDDEN', error: 'The registration token is not valid.' };
  }

  async #proofOfWork(auth: JsonObject, session: string): Promise<Failure> {
    const { db, proofOfWork } = this.#parts;
    if (!proofOfWork.isSolution(session, getString(auth, 'nonce') ?? '')) {
      return { errcode: 'M_FORBIDDEN', error: `The stage needs a nonce that gives ${proofOfWork.bits} zero bits.` };
    }
    if (await db.tx(tx => this.#insert(tx, session, PROOF_OF_WORK, null))) proofOfWork.noteSignUp();
    return undefined;
  }

  async #reason(auth: JsonObject, { ip }: Who, session: string): Promise<Failure> {
    const reason = keptReason(getString(auth, 'reason') ?? '');
    if (reason === undefined) return { errcode: 'M_INVALID_PARAM', error: 'Write a few words, at most 2000 bytes.' };
    // It is kept until the session ends, so it must not be had for nothing.
    this.#parts.limits.count('login', undefined, ip);
    await this.#parts.db.tx(tx => this.#insert(tx, session, REASON, reason));
    return undefined;
  }

  /** The stages that count for a user: whoever else has signed on in the session has not passed for this one. */
  async #completed(session: string, user?: Requester): Promise<Set<string>> {
    const rows = await stagesOf(this.#parts.db, session);
    const isOthers = ({ stage, detail }: AuthStageRow) => stage === 'm.login.sso' && detail !== String(user?.userNid);
    return new Set(rows.filter(row => !isOthers(row)).map(row => row.stage));
  }

  async #remember(session: string, stage: AuthStage): Promise<void> {
    await this.#parts.db.tx(tx => this.#insert(tx, session, stage, null));
  }

  #insert(tx: Tx, session: string, stage: string, detail: string | null): Promise<boolean> {
    return insertStage(tx, { session, stage, detail }, this.#parts.clock.now() + AUTH_SESSION_MS);
  }
}

/** "The flow's stages must be completed in order": whether a stage is the first that one of the flows lacks. */
function isNext(flows: AuthFlows, completed: ReadonlySet<string>, stage: AuthStage): boolean {
  return flows.some(flow => flow.find(each => !completed.has(each)) === stage);
}

const OUT_OF_ORDER: Failure = { errcode: 'M_FORBIDDEN', error: 'Another stage comes before this one.' };

/** Client-server API, "OAuth 2.0 API": interactive authentication is not for clients that users tell no password. */
function notByOAuth(): MatrixError {
  return forbidden(
    'Clients that log in by OAuth 2.0 leave this to the account pages of this server (account_management_uri).',
  );
}

function used(): MatrixError {
  return forbidden('This authentication session has been used.');
}

/** The proof in a stage by mail. @throws MatrixError M_MISSING_PARAM */
export function validationProof(auth: JsonObject): ValidationProof {
  const proof = getObject(auth, 'threepid_creds') ?? {};
  const [sid, clientSecret] = [getString(proof, 'sid'), getString(proof, 'client_secret')];
  if (sid === undefined || clientSecret === undefined)
    throw new MatrixError('M_MISSING_PARAM', 'The stage needs threepid_creds with sid and client_secret.');
  return { sid, clientSecret };
}

/** What a session is bound to: operation, user and body. Of the body, which may hold passwords, only the hash is used. */
function bindingOf({ operation, user }: InteractiveRequest, body: JsonObject): Uint8Array {
  const { auth: _, ...rest } = body;
  const text = lenientCanonicalJson([operation, user?.userNid ?? null, rest]);
  return createHash('sha256').update(text).digest().subarray(0, BINDING_BYTES);
}
