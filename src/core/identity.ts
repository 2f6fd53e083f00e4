import type { EventCrypto, SigningKey } from './crypto.ts';
import type { ServerName } from './ids.ts';

/** Who this server is to others, and how it signs and checks. */
export interface Identity {
  readonly serverName: ServerName;
  readonly signingKey: SigningKey;
  readonly crypto: EventCrypto;
}
