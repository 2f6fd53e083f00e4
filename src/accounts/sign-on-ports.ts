/** What `accounts/` needs for single sign-on (client-server API, "SSO client login/authentication"). */
export interface SignOnPorts {
  readonly providers: readonly IdentityProvider[];
  /** What addresses of clients begin with that need no confirmation by the user. */
  readonly trustedClients: readonly string[];
  /** Seals what browsers keep for us while somebody is at a provider. */
  readonly secret: Uint8Array;
}

/** Where people prove who they are. Fulfilled by `main/`. */
export interface IdentityProvider {
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** An `mxc:` URI. */
  readonly icon: string | undefined;
  readonly brand: string | undefined;
  /** Whether those get an account who have none. */
  readonly makesAccounts: boolean;
  /** The page of the provider that a browser is sent to. @throws SignOnError */
  begin(checks: SignOnChecks): Promise<string>;
  /** Who came back, by the query that the browser brought. @throws SignOnError */
  identify(query: string, checks: SignOnChecks): Promise<SignedOn>;
}

/** What ties the answer of a provider to the request. */
export interface SignOnChecks {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export interface SignedOn {
  /** Names the person at the provider for ever. */
  readonly subject: string;
  /** The name that the person has there; anything may be in it. */
  readonly username: string | undefined;
  readonly displayName: string | undefined;
}

/** The provider cannot be reached, or said something that is not to be believed. */
export class SignOnError extends Error {}
