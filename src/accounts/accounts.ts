import type { Budget } from '../base/budget.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';
import type { ServerName } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import type { Nids } from '../rooms/nids.table.ts';
import { AccountChanges } from './account-changes.ts';
import { AccountData } from './account-data.ts';
import type { AccountTaskKind } from './account-task.table.ts';
import { AccountTasks } from './account-tasks.ts';
import { Applications } from './applications.ts';
import { AppserviceSessions } from './appservice-sessions.ts';
import { AuthSessionIds } from './auth-session.ts';
import { Credentials } from './credentials.ts';
import { Devices } from './devices.ts';
import { ExternalIdentities } from './external-identities.ts';
import { Filters } from './filters.ts';
import { IgnoredUsers } from './ignored-users.ts';
import { InteractiveAuth } from './interactive-auth.ts';
import { LastSeen } from './last-seen.ts';
import { Login } from './login.ts';
import { MailValidations } from './mail-validations.ts';
import { Moderation } from './moderation.ts';
import { OAuth } from './oauth/oauth.ts';
import { OpenIdTokens } from './openid-tokens.ts';
import { type Argon2id, Passwords } from './passwords.ts';
import { type AccountPorts, noDeviceListener, noRoomFollower } from './ports.ts';
import { Profiles } from './profiles.ts';
import { ProofOfWork } from './proof-of-work.ts';
import { RateLimits } from './rate-limits.ts';
import { Registration } from './registration.ts';
import { RegistrationTokens } from './registration-tokens.ts';
import { Reports } from './reports.ts';
import type { Requester } from './requester.ts';
import { deleteTokensEndedBefore } from './session.table.ts';
import { SessionCache } from './session-cache.ts';
import { Sessions, type TokenUse } from './sessions.ts';
import type { AccountSettings } from './settings.ts';
import { SharedSecretRegistration } from './shared-secret-registration.ts';
import { deleteExpiredShortTokens } from './short-token.table.ts';
import { SignUpLimits } from './sign-up-limits.ts';
import { SingleSignOn } from './single-sign-on.ts';
import { Threepids } from './threepids.ts';
import { UserAdministration } from './user-administration.ts';
import { UserDirectory } from './user-directory.ts';
import { UserList } from './user-list.ts';
import { Users } from './users.ts';

export interface AccountsParts {
  readonly db: Database;
  readonly nids: Nids;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly budget: Budget;
  readonly serverName: ServerName;
  readonly settings: AccountSettings;
  /** What is left out does nothing. */
  readonly ports?: Partial<AccountPorts>;
  /** For simulations: what makes keys of passwords, instead of a thread. */
  readonly argon2id?: Argon2id | undefined;
}

const SWEEP_MS = 10 * 60_000;
/** Ended tokens are kept for a while, so that their use is told from a guess. */
const KEEP_ENDED_MS = 30 * 24 * 60 * 60_000;

/** The part `accounts`, wired. Each member is a part of its own that knows only what it needs. */
export class Accounts implements AsyncDisposable {
  readonly settings: AccountSettings;
  readonly limits: RateLimits;
  readonly users: Users;
  readonly devices: Devices;
  readonly sessions: Sessions;
  readonly interactive: InteractiveAuth;
  readonly login: Login;
  readonly registration: Registration;
  readonly proofOfWork: ProofOfWork;
  readonly registrationTokens: RegistrationTokens;
  readonly sharedSecret: SharedSecretRegistration;
  readonly changes: AccountChanges;
  readonly moderation: Moderation;
  readonly profiles: Profiles;
  readonly directory: UserDirectory;
  readonly userList: UserList;
  readonly administration: UserAdministration;
  readonly reports: Reports;
  readonly accountData: AccountData;
  readonly ignored: IgnoredUsers;
  readonly filters: Filters;
  readonly openId: OpenIdTokens;
  readonly validations: MailValidations;
  readonly identities: ExternalIdentities;
  /** Undefined where there is none. */
  readonly signOn: SingleSignOn | undefined;
  /** The same. */
  readonly oauth: OAuth | undefined;
  readonly threepids: Threepids;
  readonly tasks: AccountTasks;
  readonly #parts: AccountsParts;
  readonly #log: Log;
  readonly #sessionCache: SessionCache;
  readonly #lastSeen: LastSeen;
  #sweepTimer: Timer | undefined;
  #isStopped = false;

  constructor(parts: AccountsParts) {
    this.#parts = parts;
    this.ignored = new IgnoredUsers(parts.budget);
    const { db, nids, bus, clock, random, serverName, settings, ports = {} } = parts;
    const log = parts.log.child('accounts');
    const { accessTokenMs, loginTokenMs } = settings;
    const cache = new SessionCache(clock, bus, parts.budget);
    const lastSeen = new LastSeen(db, clock, log);
    const limitsOptions = { name: 'rate_limits', weight: 60, sharing: { bus, random } };
    const limits = new RateLimits(clock, settings.rateLimits, parts.budget, limitsOptions);
    const users = new Users({ db, nids, clock, serverName, reserved: settings.reservedNames });
    const listener = ports.devices ?? noDeviceListener;
    const devices = new Devices({ db, clock, random, listener, sessionCache: cache, lastSeen });
    const appservices = new AppserviceSessions({ db, users, devices, appservices: ports.appservices });
    const sessions = new Sessions({ db, nids, clock, random, devices, cache, lastSeen, appservices, accessTokenMs });
    const hashing = parts.budget.account('passwords', 1 / 2);
    const passwords = new Passwords(settings.passwords, random, hashing, parts.argon2id);
    const validations = new MailValidations({ db, clock, random, serverName, limits, mail: ports.mail });
    const threepids = new Threepids({ db, clock, users, validations });
    const identities = new ExternalIdentities({ db, clock, users });
    const credentials = new Credentials(users, passwords, limits, threepids);
    const registrationTokens = new RegistrationTokens(db, clock, random);
    const sessionIds = new AuthSessionIds({ db, clock, random });
    const proofOfWork = new ProofOfWork(clock, log, settings.proofOfWork, { bus, random });
    const interactive = new InteractiveAuth({
      db,
      clock,
      sessionIds,
      credentials,
      registrationTokens,
      proofOfWork,
      limits,
      validations,
      users,
      identities,
      signOnProviders: ports.signOn?.providers.map(({ id }) => id) ?? [],
    });
    const { asksReason, mostWaiting } = settings.approval;
    const applications = new Applications(mostWaiting);
    const signUps = new SignUpLimits(clock, settings.rateLimits, settings.registration, parts.budget, { bus, random });
    const tasks = new AccountTasks(db, clock, log, (userNid, kind) => this.#runTask(userNid, kind));
    const accountData = new AccountData(db, bus, settings.accountDataBytes);
    const filters = new Filters(db);
    const profiles = new Profiles({ db, users, tasks, remote: ports.remoteProfiles });
    const common = { db, clock, random, serverName, users, sessions, appservices };
    const registration = new Registration({
      ...common,
      log,
      passwords,
      interactive,
      applications,
      limits: signUps,
      proofOfWork,
      mode: settings.registration,
      asksReason,
      terms: settings.terms,
    });
    this.#log = log;
    this.#sessionCache = cache;
    this.#lastSeen = lastSeen;
    this.settings = settings;
    this.limits = limits;
    this.users = users;
    this.devices = devices;
    this.sessions = sessions;
    this.interactive = interactive;
    this.login = new Login({ ...common, credentials, loginTokenMs });
    this.registration = registration;
    const signOn = { db, clock, random, users, identities, registration, interactive, login: this.login };
    this.signOn = ports.signOn && new SingleSignOn({ ...signOn, ports: ports.signOn });
    this.oauth = ports.oauth && new OAuth({ ...signOn, sessions, ports: ports.oauth });
    this.identities = identities;
    this.proofOfWork = proofOfWork;
    this.registrationTokens = registrationTokens;
    this.sharedSecret = new SharedSecretRegistration(
      { ...common, bus },
      registration,
      settings.registrationSharedSecret,
    );
    this.changes = new AccountChanges({
      db,
      clock,
      users,
      devices,
      listener,
      passwords,
      profiles,
      accountData,
      filters,
      tasks,
      validations,
      threepids,
    });
    this.validations = validations;
    this.threepids = threepids;
    this.moderation = new Moderation(db, users, cache);
    this.userList = new UserList(db);
    const administered = { db, users, devices, passwords, profiles, sessions, threepids, identities };
    this.administration = new UserAdministration({ ...administered, sessionCache: cache, changes: this.changes });
    this.profiles = profiles;
    this.reports = new Reports({ db, nids, clock, users });
    this.directory = new UserDirectory({ db, nids, profiles, serverName });
    this.accountData = accountData;
    this.filters = filters;
    this.openId = new OpenIdTokens({ db, clock, random, users });
    this.tasks = tasks;
  }

  /** What `HttpParts.authenticate` asks: see `Sessions.authenticate`. */
  authenticate(token: string, use: TokenUse): Promise<Requester> {
    return this.sessions.authenticate(token, use);
  }

  async #runTask(userNid: number, kind: AccountTaskKind): Promise<void> {
    const rooms = this.#parts.ports?.rooms ?? noRoomFollower;
    const user = await this.users.byNid(userNid);
    if (user === undefined) return;
    if (kind === 'leave') return rooms.leaveAllRooms(user.userId, userNid, user.isErased);
    const profile = (await this.profiles.forMembers(this.#parts.db, [userNid])).get(userNid);
    await rooms.profileChanged(user.userId, userNid, profile ?? { displayname: undefined, avatar_url: undefined });
  }

  /** Takes up tasks that an earlier process left, and clears away what has expired from time to time. */
  async start(): Promise<void> {
    await this.tasks.start();
    await this.directory.fill();
    await this.#sweepRegularly();
  }

  async #sweepRegularly(): Promise<void> {
    try {
      await this.sweep();
    } catch (error) {
      this.#log.warn('Expired tokens could not be cleared away; it is tried again later.', { err: error });
    }
    if (!this.#isStopped) this.#sweepTimer = this.#parts.clock.after(SWEEP_MS, () => void this.#sweepRegularly());
  }

  /** Deletes tokens and authentication sessions that have expired. */
  async sweep(): Promise<void> {
    const { db, clock } = this.#parts;
    await this.interactive.sweep();
    await db.tx(async tx => {
      await deleteExpiredShortTokens(tx, clock.now());
      await this.validations.sweep(tx);
      await this.oauth?.sweep(tx);
      await deleteTokensEndedBefore(tx, clock.now() - KEEP_ENDED_MS);
    });
  }

  /** Writes down when devices were last seen; done at the end too. */
  flushLastSeen(): Promise<void> {
    return this.#lastSeen.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#sweepTimer?.cancel();
    this.#sessionCache[Symbol.dispose]();
    await this.tasks.stop();
    await this.#lastSeen.flush();
  }
}
