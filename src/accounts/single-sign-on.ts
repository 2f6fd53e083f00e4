import { randomToken } from '../base/random.ts';
import { openSealedText, sealText } from '../base/sealed-text.ts';
import type { UserId } from '../core/ids.ts';
import { forbidden, notFound } from '../core/matrix-error.ts';
import type { InteractiveAuth } from './interactive-auth.ts';
import type { Login } from './login.ts';
import { type Newcomer, Newcomers, type NewcomersParts } from './newcomers.ts';
import type { IdentityProvider, SignOnChecks, SignOnPorts } from './sign-on-ports.ts';
import { clientRedirect, isTrustedClient, withLoginToken } from './sign-on-redirect.ts';
import type { Policy } from './terms.ts';
import type { User } from './users.ts';

export interface SingleSignOnParts extends NewcomersParts {
  readonly login: Login;
  readonly interactive: InteractiveAuth;
  readonly ports: SignOnPorts;
}

/** Where somebody wants to be logged in: in a client, or in the browser, to go on to a page of this server. */
type Destination = { readonly redirectUrl: string } | { readonly page: string };

/** What somebody goes to a provider for: to log in, or to pass a stage of an authentication session. */
export type SignOnPurpose = Destination | { readonly session: string };

/** Where the browser goes, and what it keeps for us until it comes back. */
export interface SignOnDeparture {
  readonly location: string;
  readonly cookie: string;
}

/** Where to go with a login token. */
export interface ClientArrival {
  readonly kind: 'client';
  readonly userId: UserId;
  readonly location: string;
  readonly isTrusted: boolean;
}

/** Who has signed in to go on to a page. */
export interface PageArrival {
  readonly kind: 'page';
  readonly userNid: number;
  readonly page: string;
}

/** `newcomer`: gets an account on accepting the policies, with what the browser keeps until then. `confirmed`: a stage was passed. */
export type SignOnArrival =
  | ClientArrival
  | PageArrival
  | { readonly kind: 'newcomer'; readonly policies: readonly Policy[]; readonly cookie: string }
  | { readonly kind: 'confirmed' };

interface Pending extends SignOnChecks {
  readonly provider: string;
  readonly purpose: SignOnPurpose;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** Somebody who reads the policies. */
interface Reading {
  readonly newcomer: Newcomer;
  readonly destination: Destination;
  /** What they were shown, by version. */
  readonly shown: string;
  readonly expires: number;
}

/** As long as a password may take to be found, and policies to be read. */
export const SIGN_ON_MS = 15 * 60_000;
const SEAL = 'sign-on';
const READING_SEAL = 'sign-on-policies';
/** What is kept of names that providers tell, since browsers keep 4 KiB. */
const LONGEST_NAME = 255;

/**
 * Logging in where people have their password (client-server API, "SSO client login/authentication"). Nothing is stored
 * for those who are at a provider: the browser keeps it, sealed, in a cookie, without which nobody can come back.
 */
export class SingleSignOn {
  readonly #parts: SingleSignOnParts;
  readonly #newcomers: Newcomers;

  constructor(parts: SingleSignOnParts) {
    this.#parts = parts;
    this.#newcomers = new Newcomers(parts);
  }

  get providers(): readonly IdentityProvider[] {
    return this.#parts.ports.providers;
  }

  /** @throws MatrixError M_NOT_FOUND for an unknown provider, M_INVALID_PARAM, M_FORBIDDEN; SignOnError */
  async begin(providerId: string, purpose: SignOnPurpose): Promise<SignOnDeparture> {
    const { clock, random, ports, interactive } = this.#parts;
    const provider = this.#provider(providerId);
    if ('redirectUrl' in purpose) clientRedirect(purpose.redirectUrl);
    else if ('session' in purpose && !(await interactive.isSession(purpose.session)))
      throw forbidden('This page is too old.');
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
    if (known !== undefined) return this.#arrive(known, purpose);
    if (!provider.makesAccounts) throw forbidden('You have no account on this server; ask its administrators for one.');
    const newcomer = { ...signedOn, provider: provider.id };
    const { policies } = this.#parts.registration;
    if (policies.length > 0) return this.#showPolicies(policies, newcomer, purpose);
    return this.#arrive(await this.#newcomers.make(newcomer), purpose);
  }

  /**
   * Somebody who comes from a provider accepts the policies, and has an account from now on.
   *
   * @throws MatrixError M_FORBIDDEN for a browser that was not shown them, or others
   */
  async accept(cookie: string | undefined): Promise<ClientArrival | PageArrival> {
    const { clock, ports, identities, registration } = this.#parts;
    const reading = openSealedText(READING_SEAL, cookie ?? '', ports.secret) as Reading | undefined;
    if (reading === undefined || reading.expires <= clock.now() || reading.shown !== versionsOf(registration.policies))
      throw forbidden('This page is too old.');
    const { newcomer, destination } = reading;
    // A button may be pressed twice.
    return this.#arrive((await identities.owner(newcomer)) ?? (await this.#newcomers.make(newcomer)), destination);
  }

  #showPolicies(policies: readonly Policy[], newcomer: Newcomer, destination: Destination): SignOnArrival {
    const { clock, ports } = this.#parts;
    const kept: Newcomer = {
      ...newcomer,
      username: newcomer.username?.slice(0, LONGEST_NAME),
      displayName: newcomer.displayName?.slice(0, LONGEST_NAME),
    };
    const expires = clock.now() + SIGN_ON_MS;
    const reading: Reading = { newcomer: kept, destination, shown: versionsOf(policies), expires };
    return { kind: 'newcomer', policies, cookie: sealText(READING_SEAL, reading, ports.secret) };
  }

  /** @throws MatrixError M_FORBIDDEN */
  async #arrive(user: User, destination: Destination): Promise<ClientArrival | PageArrival> {
    if (user.isDeactivated) throw forbidden('This account has been deactivated.');
    if ('page' in destination) return { kind: 'page', userNid: user.userNid, page: destination.page };
    const { redirectUrl } = destination;
    const { token } = await this.#parts.login.createToken(user.userNid);
    const isTrusted = isTrustedClient(redirectUrl, this.#parts.ports.trustedClients);
    return { kind: 'client', userId: user.userId, location: withLoginToken(redirectUrl, token), isTrusted };
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
}

function versionsOf(policies: readonly Policy[]): string {
  return policies.map(({ name, version }) => `${name} ${version}`).join('\n');
}
