import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Database, Tx } from '../../db/database.ts';
import type { Login } from '../login.ts';
import type { Sessions } from '../sessions.ts';
import type { Users } from '../users.ts';
import { Authorizations } from './authorizations.ts';
import { BrowserSessions } from './browser-sessions.ts';
import { Clients } from './clients.ts';
import { Codes } from './codes.ts';
import { CrossSigningResets } from './cross-signing-resets.ts';
import { DeviceGrants } from './device-grants.ts';
import { Grants } from './grants.ts';
import type { OAuthPorts } from './oauth-ports.ts';
import { Rendezvous } from './rendezvous.ts';
import { SignUp, type SignUpParts } from './sign-up.ts';

export interface OAuthParts extends SignUpParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly users: Users;
  readonly login: Login;
  readonly sessions: Sessions;
  readonly ports: OAuthPorts;
}

/** The OAuth 2.0 API (client-server API, "OAuth 2.0 API"). Its tokens are the tokens of every other login. */
export class OAuth {
  readonly base: string;
  readonly issuer: string;
  readonly secret: Uint8Array;
  readonly clients: Clients;
  readonly authorizations: Authorizations;
  readonly grants: Grants;
  readonly devices: DeviceGrants;
  readonly browsers: BrowserSessions;
  readonly signUp: SignUp;
  readonly resets: CrossSigningResets;
  readonly rendezvous: Rendezvous;
  readonly #codes: Codes;

  constructor(parts: OAuthParts) {
    const { base, secret } = parts.ports;
    this.base = base;
    this.issuer = `${base}/`;
    this.secret = secret;
    const clients = new Clients(parts);
    const codes = new Codes(parts);
    this.clients = clients;
    this.#codes = codes;
    this.authorizations = new Authorizations({ clients, codes, issuer: this.issuer });
    this.devices = new DeviceGrants({ ...parts, clients });
    this.grants = new Grants({ clients, codes, devices: this.devices, sessions: parts.sessions });
    this.browsers = new BrowserSessions(parts);
    this.signUp = new SignUp(parts);
    this.resets = new CrossSigningResets({ ...parts, page: parts.ports.resetPage });
    this.rendezvous = new Rendezvous(parts);
  }

  /** Deletes what has expired. */
  async sweep(tx: Tx): Promise<void> {
    await this.#codes.sweep(tx);
    await this.devices.sweep(tx);
    await this.clients.sweep(tx);
    await this.resets.sweep(tx);
    await this.rendezvous.sweep(tx);
  }
}
