import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type Random, randomToken } from '../base/random.ts';
import type { ServerName, UserId } from '../core/ids.ts';
import { localpartOf } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { forbidden, MatrixError } from '../core/matrix-error.ts';
import type { Database, Tx } from '../db/database.ts';
import { setUserType } from './account.table.ts';
import { awaitingApproval, unknownToken } from './account-errors.ts';
import { type Applications, REASON } from './applications.ts';
import type { AppserviceSessions } from './appservice-sessions.ts';
import type { AuthFlows, InteractiveAuth } from './interactive-auth.ts';
import type { Passwords } from './passwords.ts';
import type { Appservice } from './ports.ts';
import { setProfileField } from './profile.table.ts';
import { PROOF_OF_WORK, type ProofOfWork } from './proof-of-work.ts';
import { registrationFlows } from './registration-flows.ts';
import type { Session, SessionRequest, Sessions } from './sessions.ts';
import type { RegistrationMode } from './settings.ts';
import type { SignUpLimits } from './sign-up-limits.ts';
import { type Policy, recordAcceptance, termsParams } from './terms.ts';
import { newUserId } from './user-names.ts';
import type { NewUser, Users } from './users.ts';

export interface RegistrationParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly users: Users;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly interactive: InteractiveAuth;
  readonly appservices: AppserviceSessions;
  readonly applications: Applications;
  readonly limits: SignUpLimits;
  readonly proofOfWork: ProofOfWork;
  readonly mode: RegistrationMode;
  /** Whether those who ask for approval say why they want the account. */
  readonly asksReason: boolean;
  readonly terms: readonly Policy[];
}

export interface NewAccount {
  /** Undefined: a name is made up. */
  readonly userId: UserId | undefined;
  readonly password: string;
  readonly ip: string;
  /** The authentication session that allowed it. */
  readonly authSession: string;
  /** Undefined: `inhibit_login`. */
  readonly login: Omit<SessionRequest, 'userNid'> | undefined;
}

export interface Registered {
  readonly userId: UserId;
  readonly userNid: number;
  readonly session: Session | undefined;
}

/** What is made directly, without asking whether registration is open. */
export interface DirectAccount {
  readonly userId: UserId;
  readonly password?: string | undefined;
  readonly displayName?: string | undefined;
  readonly isAdmin?: boolean;
  /** As `requireUserType` has it. */
  readonly userType?: string | undefined;
  readonly appserviceId?: string | undefined;
  readonly login?: Omit<SessionRequest, 'userNid'> | undefined;
}

/** Making accounts (client-server API, "Account registration"). */
export class Registration {
  readonly #parts: RegistrationParts;

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
  }

  /** What has to be done to register. @throws MatrixError M_FORBIDDEN when registration is closed */
  flows(): AuthFlows {
    const { mode, terms, asksReason, proofOfWork } = this.#parts;
    if (mode === 'closed') throw forbidden('Registration is closed on this server.');
    return registrationFlows({ mode, hasTerms: terms.length > 0, asksReason, work: proofOfWork.demand });
  }

  /** What the client has to know to pass the stages, by stage. */
  stageParams(): JsonObject {
    const { mode, proofOfWork } = this.#parts;
    const params: JsonObject = this.policies.length > 0 ? { 'm.login.terms': termsParams(this.policies) } : {};
    if (mode !== 'token' && proofOfWork.demand !== 'none') params[PROOF_OF_WORK] = proofOfWork.params();
    return params;
  }

  /**
   * For those who are about to pass the stages: tells them before they do that it would be for nothing.
   *
   * @throws MatrixError M_LIMIT_EXCEEDED
   */
  requireRoom(ip: string): void {
    this.#parts.limits.require(ip);
  }

  /** Whether new accounts can be used at once. */
  get letsIn(): boolean {
    return this.#parts.mode !== 'approval';
  }

  /** What users accept when they register. */
  get policies(): readonly Policy[] {
    return this.#parts.terms;
  }

  /**
   * The user ID for a wanted name, which is free now.
   *
   * @throws MatrixError M_INVALID_USERNAME, M_USER_IN_USE, M_EXCLUSIVE
   */
  async requireAvailable(wanted: string, by?: Appservice): Promise<UserId> {
    const userId = newUserId(wanted, this.#parts.serverName);
    if (this.#parts.appservices.isReserved(userId, by)) {
      throw new MatrixError('M_EXCLUSIVE', 'This user name is kept for an appservice.');
    }
    await this.#parts.users.requireFree(userId);
    return userId;
  }

  /** What every new password has to be. @throws MatrixError M_WEAK_PASSWORD, M_INVALID_PARAM */
  requireGoodPassword(password: string): void {
    this.#parts.passwords.requireAcceptable(password);
  }

  /** Makes an account for somebody who has passed the flows. Counted before the password is hashed. */
  async register(account: NewAccount): Promise<Registered> {
    const { limits, passwords } = this.#parts;
    limits.count(account.ip);
    const passwordHash = await passwords.hash(account.password);
    const registered = await this.#parts.db.tx(tx => this.#create(tx, account, passwordHash));
    if (this.#parts.mode === 'approval') {
      this.#parts.log.info('Somebody waits for the approval of an account.', { user: registered.userId });
      if (account.login !== undefined) throw awaitingApproval();
    }
    return registered;
  }

  async #create(tx: Tx, account: NewAccount, passwordHash: string): Promise<Registered> {
    const { mode, users, sessions, applications, clock } = this.#parts;
    const userId = account.userId ?? newUserId(this.#madeUpName(), this.#parts.serverName);
    const stages = await this.#finish(tx, account.authSession);
    const isApproved = mode !== 'approval';
    const userNid = await users.create(tx, { userId, passwordHash, isApproved });
    await setProfileField(tx, userNid, 'displayname', JSON.stringify(localpartOf(userId)));
    await recordAcceptance(tx, userNid, this.policies, clock.now());
    if (!isApproved) await applications.add(tx, userNid, stages.get(REASON) ?? undefined);
    if (!isApproved || account.login === undefined) return { userId, userNid, session: undefined };
    return { userId, userNid, session: await sessions.open(tx, { ...account.login, userNid, ip: account.ip }) };
  }

  /** Ends the authentication session, which serves for one account. */
  async #finish(tx: Tx, session: string): Promise<ReadonlyMap<string, string | null>> {
    const { interactive, mode, proofOfWork } = this.#parts;
    const stages = await interactive.finish(tx, session);
    await interactive.spend(tx, session);
    if (mode === 'token' && !stages.has('m.login.registration_token')) {
      throw forbidden('This authentication session has been used.');
    }
    // A solution was counted when it was handed in.
    if (!stages.has(PROOF_OF_WORK)) tx.afterCommit(() => proofOfWork.noteSignUp());
    return stages;
  }

  /** Makes an account without further questions: for administrators, scripts and appservices. */
  async create(account: DirectAccount): Promise<Registered> {
    const { db, users, passwords, sessions } = this.#parts;
    const { userId, password, displayName, login } = account;
    const passwordHash = password === undefined ? undefined : await passwords.hash(password);
    const { isAdmin = false, userType, appserviceId } = account;
    const user: NewUser = { userId, passwordHash, isAdmin, appserviceId };
    return db.tx(async tx => {
      const userNid = await users.create(tx, user);
      if (userType !== undefined) await setUserType(tx, userNid, userType);
      if (displayName !== undefined) await setProfileField(tx, userNid, 'displayname', JSON.stringify(displayName));
      const session = login === undefined ? undefined : await sessions.open(tx, { ...login, userNid });
      return { userId, userNid, session };
    });
  }

  /**
   * An appservice makes one of its users (application service API, "Server admin style permissions").
   *
   * @throws MatrixError M_MISSING_TOKEN, M_UNKNOWN_TOKEN, M_EXCLUSIVE, M_INVALID_USERNAME, M_USER_IN_USE
   */
  async createForAppservice(
    token: string | undefined,
    username: string | undefined,
    login: Omit<SessionRequest, 'userNid'> | undefined,
  ): Promise<Registered> {
    if (token === undefined) throw new MatrixError('M_MISSING_TOKEN', 'An appservice registers users with its token.');
    const appservice = this.#parts.appservices.find(token);
    if (appservice === undefined) throw unknownToken('This is not the token of an appservice.', false);
    if (username === undefined) throw new MatrixError('M_MISSING_PARAM', 'The username is missing.');
    const userId = newUserId(username, this.#parts.serverName);
    if (!appservice.ownsUser(userId)) {
      throw new MatrixError('M_EXCLUSIVE', 'The user is not in the namespaces of the appservice.');
    }
    await this.requireAvailable(username, appservice);
    return this.create({ userId, appserviceId: appservice.id, login });
  }

  #madeUpName(): string {
    return randomToken(this.#parts.random, 9)
      .toLowerCase()
      .replace(/[^a-z0-9]/g, 'x');
  }
}
