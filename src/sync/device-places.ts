import type { Budget } from '../base/budget.ts';
import { ByteCache } from '../base/byte-cache.ts';
import type { Clock } from '../base/clock.ts';

/** How far a device is in the logs of rooms, and when it said so. */
export interface DevicePlace {
  readonly shards: readonly number[];
  readonly at: number;
}

const MOST_DEVICES = 20;
const PLACE_BYTES = 250;

/**
 * How far devices are, by the tokens with which they ask on: what lies before these has come to them. Known since the start of
 * this process, and of the users that asked last; nothing is written for it.
 */
export class DevicePlaces {
  readonly #clock: Clock;
  readonly #users: ByteCache<ReadonlyMap<string, DevicePlace>>;

  constructor({ clock, budget }: { readonly clock: Clock; readonly budget: Budget }) {
    this.#clock = clock;
    this.#users = new ByteCache({ name: 'device_places', budget, weight: 1, sizeOf: map => map.size * PLACE_BYTES });
  }

  note(
    { userNid, deviceId }: { readonly userNid: number; readonly deviceId?: string | undefined },
    shards: readonly number[],
  ): void {
    if (deviceId === undefined) return;
    const others = [...(this.#users.get(String(userNid)) ?? [])].filter(([device]) => device !== deviceId);
    const place = { shards, at: this.#clock.now() };
    this.#users.set(String(userNid), new Map([...others.slice(1 - MOST_DEVICES), [deviceId, place]]));
  }

  of(userNid: number): ReadonlyMap<string, DevicePlace> {
    return this.#users.get(String(userNid)) ?? new Map();
  }
}
