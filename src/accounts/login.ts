import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { type ServerName, type UserId, userIdOf } from '../core/ids.ts';
import { getString, type JsonObject } from '../core/json.ts';
import { forbidden, MatrixError } from '../core/matrix-error.ts';
import type { Database, Tx } from '../db/database.ts';
import { requireMayLogIn } from './account-errors.ts';
import type { AppserviceSessions } from './appservice-sessions.ts';
import type { Credentials } from './credentials.ts';
import { hashSecretToken, newSecretToken } from './secret-token.ts';
import type { Session, SessionRequest, Sessions } from './sessions.ts';
import { insertShortToken, takeShortToken } from './short-token.table.ts';
import { localpartToLogIn } from './user-names.ts';
import type { User, Users } from './users.ts';

export interface LoginParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly serverName: ServerName;
  readonly users: Users;
  readonly credentials: Credentials;
  readonly sessions: Sessions;
  readonly appservices: AppserviceSessions;
  readonly loginTokenMs: number;
}

/** Who asks to log in, and with what. */
export interface LoginRequest {
  /** The body of the request. */
  readonly body: JsonObject;
  readonly ip: string;
  /** The access token of the request: appservices have one. */
  readonly token: string | undefined;
}

export interface LoggedIn {
  readonly userId: UserId;
  readonly session: Session;
}

/** The ways to log in (client-server API, "Login"). */
export class Login {
  readonly #parts: LoginParts;

  constructor(parts: LoginParts) {
    this.#parts = parts;
  }

  /** @throws MatrixError M_FORBIDDEN, M_USER_DEACTIVATED, M_USER_LOCKED, M_LIMIT_EXCEEDED, M_UNKNOWN for another type */
  async login(request: LoginRequest): Promise<LoggedIn> {
    return this.open(await this.#user(request), {
      deviceId: getString(request.body, 'device_id'),
      displayName: getString(request.body, 'initial_device_display_name'),
      refreshable: request.body.refresh_token === true,
      ip: request.ip,
    });
  }

  #user({ body, ip, token }: LoginRequest): Promise<User> {
    const type = getString(body, 'type');
    if (type === 'm.login.password') return this.#byPassword(body, ip);
    if (type === 'm.login.token') return this.#byToken(body, ip);
    if (type === 'm.login.application_service') return this.#byAppservice(body, token);
    throw new MatrixError('M_UNKNOWN', 'This type of login is not supported.', { status: 400 });
  }

  async #byPassword(body: JsonObject, ip: string): Promise<User> {
    const password = getString(body, 'password');
    const name = await this.#parts.credentials.identifiedName(body);
    if (name === undefined || password === undefined) {
      throw new MatrixError('M_MISSING_PARAM', 'A login with a password needs an identifier and a password.');
    }
    return this.#withPassword(name, password, ip);
  }

  /** The user with this name, or mail address, and password. @throws MatrixError M_FORBIDDEN, M_LIMIT_EXCEEDED */
  async userWithPassword(name: string, password: string, ip: string): Promise<User> {
    const { credentials } = this.#parts;
    const isAddress = name.includes('@', 1);
    const identifier: JsonObject = isAddress
      ? { type: 'm.id.thirdparty', medium: 'email', address: name }
      : { type: 'm.id.user', user: name };
    return this.#withPassword((await credentials.identifiedName({ identifier })) ?? name, password, ip);
  }

  async #withPassword(name: string, password: string, ip: string): Promise<User> {
    const user = await this.#parts.credentials.check(name, password, ip);
    if (user === undefined) throw forbidden('Wrong user name or password.');
    return user;
  }

  async #byToken(body: JsonObject, ip: string): Promise<User> {
    const hash = hashSecretToken(getString(body, 'token') ?? '');
    const { db, clock, users, credentials } = this.#parts;
    const row =
      hash === undefined ? undefined : await db.tx(tx => takeShortToken(tx, 'login_token', hash, clock.now()));
    const user = row === undefined ? undefined : await users.byNid(row.user_nid);
    if (user === undefined) {
      credentials.countFailure(ip);
      throw forbidden('The login token is not valid or has expired.');
    }
    return user;
  }

  async #byAppservice(body: JsonObject, token: string | undefined): Promise<User> {
    if (token === undefined) throw new MatrixError('M_MISSING_TOKEN', 'An appservice logs in with its token.');
    const appservice = this.#parts.appservices.find(token);
    if (appservice === undefined) throw forbidden('This is not the token of an appservice.');
    const { serverName, users } = this.#parts;
    const localpart = localpartToLogIn((await this.#parts.credentials.identifiedName(body)) ?? '', serverName);
    const userId = userIdOf(localpart ?? '', serverName);
    if (localpart === undefined || !appservice.ownsUser(userId)) {
      throw new MatrixError('M_EXCLUSIVE', 'The user is not in the namespaces of the appservice.');
    }
    const user = await users.find(userId);
    if (user === undefined) throw forbidden('The appservice has not registered this user.');
    return user;
  }

  /**
   * Opens a session for a user who has proved to be one, however that was done. Every way to log in ends here.
   *
   * @throws MatrixError M_USER_DEACTIVATED, M_USER_LOCKED, ORG.MATRIX.MSC3866_USER_AWAITING_APPROVAL, M_FORBIDDEN,
   *   M_INVALID_PARAM
   */
  async open(user: User, request: Omit<SessionRequest, 'userNid'>): Promise<LoggedIn> {
    const session = await this.#parts.db.tx(tx => this.openIn(tx, { ...request, userNid: user.userNid }));
    return { userId: user.userId, session };
  }

  /** `open` in a transaction that does more. @throws MatrixError as `open` */
  async openIn(tx: Tx, request: SessionRequest): Promise<Session> {
    // Read again: between the password and now the account may have been deactivated.
    requireMayLogIn(await this.#parts.users.byNid(request.userNid, tx));
    return this.#parts.sessions.open(tx, request);
  }

  /** A token with which somebody can log in as the user once, within `expiresInMs`. */
  async createToken(userNid: number): Promise<{ readonly token: string; readonly expiresInMs: number }> {
    const { db, clock, random, loginTokenMs } = this.#parts;
    const { token, hash } = newSecretToken(random, 'cpl');
    const row = { hash, user_nid: userNid, expires_ts: clock.now() + loginTokenMs };
    await db.tx(tx => insertShortToken(tx, 'login_token', row));
    return { token, expiresInMs: loginTokenMs };
  }
}
