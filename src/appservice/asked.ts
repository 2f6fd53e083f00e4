import type { Log } from '../base/log.ts';
import type { AppserviceClient } from './appservice-client.ts';
import type { Registration } from './registration.ts';

/** An application service that has an address. */
export interface Asked {
  readonly registration: Registration;
  readonly client: AppserviceClient;
}

/** Whether it says that a user or an alias is there, which it may make first (application service API, "Querying"). */
export async function saysItIsThere(
  { registration, client }: Asked,
  kind: 'users' | 'rooms',
  name: string,
  log: Log,
): Promise<boolean> {
  try {
    return (await client.call('GET', `${kind}/${encodeURIComponent(name)}`)).status === 200;
  } catch (error) {
    log.warn('An application service could not be asked whether something is there.', {
      id: registration.id,
      name,
      err: error,
    });
    return false;
  }
}
