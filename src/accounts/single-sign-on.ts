import type { Clock } from '../base/clock.ts';
import { type Random, randomToken } from '../base/random.ts';
import { openSealedText, sealText } from '../base/sealed-text.ts';
import type { UserId } from '../core/ids.ts';
import { forbidden, MatrixError, notFound } from '../core/matrix-error.ts';
import type { Database } from '../db/database.ts';
import type { ExternalIdentities } from './external-identities.ts';
import type { InteractiveAuth } from './interactive-auth.ts';
import type { Login } from './login.ts';
import { mappedLocalpart } from './mapped-localpart.ts';
import { setProfileField } from './profile.table.ts';
import { fieldValue } from './profile-field.ts';
import type { Registration } from './registration.ts';
import type { IdentityProvider, SignedOn, SignOnChecks, SignOnPorts } from './sign-on-ports.ts';
import { clientRedirect, isTrustedClient, withLoginToken } from './sign-on-redirect.ts';
import type { User, Users } from './users.ts';

export interface SingleSignOnParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly users: Users;
  readonly identities: ExternalIdentities;
  readonly registration: Registration;
  readonly login: Login;
  readonly interactive: InteractiveAuth;
  readonly ports: SignOnPorts;
}

/** What somebody goes to a provider for: to log in to a client, or to pass a stage of an authentication session. */
export type SignOnPurpose = { readonly redirectUrl: string } | { readonly session: string };

/** Where the browser goes, and what it keeps for us until it comes back. */
export interface SignOnDeparture {
  readonly location: string;
  readonly cookie: string;
}

/** `client`: where to go with a login token. `confirmed`: a stage was passed. */
export type SignOnArrival =
  | { readonly kind: 'client'; readonly userId: UserId; readonly location: string; readonly isTrusted: boolean }
  | { readonly kind: 'confirmed' };

interface Pending extends SignOnChecks {
  readonly provider: string;
  readonly purpose: SignOnPurpose;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** As long as a password may take to be found. */
export const SIGN_ON_MS = 15 * 60_000;
const SEAL = 'sign-on';
/** Names that are tried when the wanted one is taken: with the numbers 2 to 20, then with letters that nobody has. */
const MOST_NUMBERS = 20;

/**
 * Logging in where people have their password (client-server API, "SSO client login/authentication"). Nothing is stored
 * for those who are at a provider: the browser keeps it, sealed, in a cookie, without which nobody can come back.
 */
export class SingleSignOn {
  readonly #parts: SingleSignOnParts;

  constructor(parts: SingleSignOnParts) {
    this.#parts = parts;
  }

  get providers(): readonly IdentityProvider[] {
    return this.#parts.ports.providers;
  }

  /** @throws MatrixError M_NOT_FOUND for an unknown provider, M_INVALID_PARAM, M_FORBIDDEN; SignOnError */
  async begin(providerId: string, purpose: SignOnPurpose): Promise<SignOnDeparture> {
    const { clock, random, ports, interactive } = this.#parts;
    const provider = this.#provider(providerId);
    if ('redirectUrl' in purpose) clientRedirect(purpose.redirectUrl);
    else if (!(await interactive.isSession(purpose.session))) throw forbidden('This page is too old.');
    const secret = () => randomToken(random, 32);
    const checks = { state: secret(), nonce: secret(), verifier: secret() };
    const pending: Pending = { ...checks, provider: providerId, purpose, expires: clock.now() + SIGN_ON_MS };
    return { location: await provider.begin(checks), cookie: sealText(SEAL, pending, ports.secret) };
  }

  /**
   * Somebody comes back from a provider. `query`: what the provider gave the browser, without `?`.
   *
   * @throws MatrixError M_FORBIDDEN for a browser that did not set out from here, and for those who have no account and
   *   get none; SignOnError
   */
  async complete(query: string, cookie: string | undefined): Promise<SignOnArrival> {
    const pending = this.#pending(query, cookie);
    const provider = this.#provider(pending.provider);
    const { purpose } = pending;
    const signedOn = await provider.identify(query, pending);
    const known = await this.#parts.identities.owner({ provider: provider.id, subject: signedOn.subject });
    if ('session' in purpose) return this.#confirm(purpose.session, known);
    const user = known ?? (await this.#makeAccount(provider, signedOn));
    if (user.isDeactivated) throw forbidden('This account has been deactivated.');
    const { token } = await this.#parts.login.createToken(user.userNid);
    const location = withLoginToken(purpose.redirectUrl, token);
    const isTrusted = isTrustedClient(purpose.redirectUrl, this.#parts.ports.trustedClients);
    return { kind: 'client', userId: user.userId, location, isTrusted };
  }

  #provider(id: string): IdentityProvider {
    const provider = this.providers.find(each => each.id === id);
    if (provider === undefined) throw notFound('This server knows no such provider of single sign-on.');
    return provider;
  }

  #pending(query: string, cookie: string | undefined): Pending {
    const { clock, ports } = this.#parts;
    const pending = openSealedText(SEAL, cookie ?? '', ports.secret) as Pending | undefined;
    const state = new URLSearchParams(query).get('state');
    if (pending !== undefined && pending.state === state && pending.expires > clock.now()) return pending;
    throw forbidden('This sign-in was not begun in this browser, or too long ago.');
  }

  async #confirm(session: string, user: User | undefined): Promise<SignOnArrival> {
    if (user === undefined) throw forbidden('You have no account on this server.');
    if (!(await this.#parts.interactive.completeBySignOn(session, user.userNid)))
      throw forbidden('This page is too old.');
    return { kind: 'confirmed' };
  }

  async #makeAccount(provider: IdentityProvider, { subject, username, displayName }: SignedOn): Promise<User> {
    if (!provider.makesAccounts) throw forbidden('You have no account on this server; ask its administrators for one.');
    const { db, users, identities } = this.#parts;
    const userId = await this.#freeName(mappedLocalpart(username ?? ''));
    const userNid = await db.tx(async tx => {
      const made = await users.create(tx, { userId });
      const name = fieldValue('displayname', displayName ?? username ?? '');
      if (name !== undefined) await setProfileField(tx, made, 'displayname', JSON.stringify(name));
      await identities.add(tx, made, { provider: provider.id, subject });
      return made;
    });
    const user = await users.byNid(userNid);
    if (user === undefined) throw new Error('an account that was just made is not there');
    return user;
  }

  async #freeName(wanted: string): Promise<UserId> {
    const { registration, random } = this.#parts;
    const numbered = Array.from({ length: MOST_NUMBERS - 1 }, (_, index) => `${wanted}${index + 2}`);
    const named = wanted === '' ? [] : [wanted, ...numbered];
    for (const name of named) if (await isAvailable(registration, name)) return registration.requireAvailable(name);
    return registration.requireAvailable(`u${Buffer.from(random.bytes(8)).toString('hex')}`);
  }
}

async function isAvailable(registration: Registration, name: string): Promise<boolean> {
  try {
    await registration.requireAvailable(name);
    return true;
  } catch (error) {
    if (error instanceof MatrixError) return false;
    throw error;
  }
}
