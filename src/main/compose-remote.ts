import type { Clock } from '../base/clock.ts';
import { FederatedMedia } from '../federation/media/remote-media.ts';
import type { RemoteMedia } from '../media/ports.ts';
import type { Federation } from './compose-federation.ts';

/** What parts learn from other servers by asking them. */
export interface Remote {
  readonly media: RemoteMedia;
}

export function composeRemote({ client, https }: Federation, clock: Clock): Remote {
  return { media: new FederatedMedia({ client, https, clock }) };
}
