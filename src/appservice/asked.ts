import type { AppserviceClient } from './appservice-client.ts';
import type { Registration } from './registration.ts';

/** An application service that has an address. */
export interface Asked {
  readonly registration: Registration;
  readonly client: AppserviceClient;
}
