import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { lenientCanonicalJson } from '../core/canonical-json.ts';
import { getObject, getString, type JsonObject } from '../core/json.ts';
import { forbidden, MatrixError } from '../core/matrix-error.ts';
import type { Database, Tx } from '../db/database.ts';
import { AUTH_SESSION_MS, type AuthSessionIds, BINDING_BYTES } from './auth-session.ts';
import { insertStage, stagesOf, takeExpiredStages, takeStages } from './auth-stage.table.ts';
import { type Credentials, identifiedName } from './credentials.ts';
import type { RegistrationTokens } from './registration-tokens.ts';
import type { Requester } from './requester.ts';

export type AuthStage = 'm.login.password' | 'm.login.dummy' | 'm.login.registration_token' | 'm.login.terms';
/** Alternative lists of stages; one of them has to be completed. */
export type AuthFlows = readonly (readonly AuthStage[])[];

/** For requests of a user who is logged in: the password once more. */
export const PASSWORD_FLOWS: AuthFlows = [['m.login.password']];

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

export interface InteractiveAuthParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly sessionIds: AuthSessionIds;
  readonly credentials: Credentials;
  readonly registrationTokens: RegistrationTokens;
}

/** An attempt at a stage: done, or why not. */
type Attempt = 'done' | { readonly errcode: string; readonly error: string };

/**
 * User-interactive authentication (client-server API, "User-Interactive Authentication API"). A session is good for one
 * operation with one body by one user. What a client has shown to pass a stage is not stored.
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

  async #check(request: InteractiveRequest, flows: AuthFlows): Promise<InteractiveOutcome> {
    const auth = getObject(request.body, 'auth');
    const session = await this.#session(request, auth === undefined ? undefined : getString(auth, 'session'));
    const completed = new Set((await stagesOf(this.#parts.db, session)).map(row => row.stage));
    const type = auth === undefined ? undefined : getString(auth, 'type');
    if (auth === undefined || type === undefined) return this.#conclude(flows, session, completed, undefined);
    const stage = flows.flat().find(offered => offered === type);
    if (stage === undefined) throw forbidden(`${type} is not a way to authenticate this request.`);
    const attempt = completed.has(stage) ? 'done' : await this.#attempt(stage, auth, request, session);
    if (attempt !== 'done') return this.#conclude(flows, session, completed, attempt);
    completed.add(stage);
    const outcome = this.#conclude(flows, session, completed, undefined);
    if (!outcome.passed) await this.#remember(session, stage);
    return outcome;
  }

  /**
   * Forgets the session in the transaction that carries out its request, so that it serves once. Answers the stages
   * that were stored for it.
   */
  async finish(tx: Tx, session: string): Promise<ReadonlySet<string>> {
    const rows = await takeStages(tx, session);
    for (const { stage, detail } of rows) await this.#settle(tx, stage, detail, true);
    return new Set(rows.map(row => row.stage));
  }

  /** Whether an ID is one of ours that has not expired, whatever its session is for. */
  async isSession(session: string): Promise<boolean> {
    return (await this.#parts.sessionIds.check(session, [])) === 'foreign';
  }

  /**
   * Completes a stage that the user has passed on a page of ours; the client then repeats its request with the session
   * alone. False when there is no such session.
   */
  async completeInBrowser(session: string, stage: 'm.login.terms'): Promise<boolean> {
    if (!(await this.isSession(session))) return false;
    await this.#remember(session, stage);
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

  #conclude(
    flows: AuthFlows,
    session: string,
    completed: ReadonlySet<string>,
    failure: { readonly errcode: string; readonly error: string } | undefined,
  ): InteractiveOutcome {
    const isDone = flows.some(flow => flow.length > 0 && flow.every(stage => completed.has(stage)));
    if (isDone && failure === undefined) return { passed: true, session };
    const challenge: JsonObject = { flows: flows.map(stages => ({ stages: [...stages] })), params: {}, session };
    if (completed.size > 0) challenge.completed = [...completed];
    return { passed: false, challenge: { ...challenge, ...failure } };
  }

  #attempt(stage: AuthStage, auth: JsonObject, request: InteractiveRequest, session: string): Promise<Attempt> {
    if (stage === 'm.login.password') return this.#password(auth, request);
    if (stage === 'm.login.registration_token') return this.#registrationToken(auth, request, session);
    return Promise.resolve('done');
  }

  async #password(auth: JsonObject, { user, ip }: InteractiveRequest): Promise<Attempt> {
    const name = identifiedName(auth) ?? user?.userId;
    const password = getString(auth, 'password');
    if (name === undefined || password === undefined) {
      throw new MatrixError('M_MISSING_PARAM', 'The password stage needs an identifier and a password.');
    }
    const owner = await this.#parts.credentials.check(name, password, ip);
    if (owner === undefined || owner.isDeactivated)
      return { errcode: 'M_FORBIDDEN', error: 'Wrong user name or password.' };
    if (user !== undefined && owner.userNid !== user.userNid) throw forbidden('This is the password of another user.');
    return 'done';
  }

  async #registrationToken(auth: JsonObject, { ip }: InteractiveRequest, session: string): Promise<Attempt> {
    const token = getString(auth, 'token');
    if (token === undefined) throw new MatrixError('M_MISSING_PARAM', 'The stage needs a token.');
    const { db, clock, registrationTokens } = this.#parts;
    const isGood = await db.tx(async tx => {
      if (!(await registrationTokens.reserve(tx, token))) return false;
      const row = { session, stage: 'm.login.registration_token', detail: token };
      const isFirst = await insertStage(tx, row, clock.now() + AUTH_SESSION_MS);
      if (!isFirst) await registrationTokens.settle(tx, token, false);
      return true;
    });
    if (isGood) return 'done';
    this.#parts.credentials.countFailure(ip);
    return { errcode: 'M_FORBIDDEN', error: 'The registration token is not valid.' };
  }

  async #remember(session: string, stage: AuthStage): Promise<void> {
    const expiresTs = this.#parts.clock.now() + AUTH_SESSION_MS;
    await this.#parts.db.tx(tx => insertStage(tx, { session, stage, detail: null }, expiresTs));
  }
}

/** What a session is bound to: operation, user and body. Of the body, which may hold passwords, only the hash is used. */
function bindingOf({ operation, user }: InteractiveRequest, body: JsonObject): Uint8Array {
  const { auth: _, ...rest } = body;
  const text = lenientCanonicalJson([operation, user?.userNid ?? null, rest]);
  return createHash('sha256').update(text).digest().subarray(0, BINDING_BYTES);
}
