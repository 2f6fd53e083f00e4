import type { Keys } from '../../../keys/keys.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';

/** What the endpoints work with by which other servers learn of our users' devices. */
export interface DeviceRouteParts extends Pick<RoomsParts, 'db' | 'nids' | 'serverName'> {
  readonly keys: Pick<Keys, 'query' | 'claim'>;
}
