export const PRESENCE_STATES = ['online', 'unavailable', 'offline'] as const;
export type PresenceState = (typeof PRESENCE_STATES)[number];

/** A device that is gone for so long without a request is offline. */
export const CONNECTED_MS = 30_000;
/** So long after a user did something they count as active. */
export const ACTIVE_MS = 60_000;
/** Users who did nothing for so long are idle (client-server API, "Idle timeout"). */
export const IDLE_MS = 5 * 60_000;

interface Device {
  /** `offline`: connected, but does not want to be seen. */
  state: PresenceState;
  /** Syncs that wait. */
  open: number;
  /** When the last one ended. */
  seen: number;
}

/** What another process says of the devices that are connected to it, good until then. */
interface Elsewhere {
  state: PresenceState;
  readonly until: number;
}

/** A process says again who is there; what it has not said for so long counts no more. */
export const ELSEWHERE_MS = 150_000;

/** How a user appears to others. */
export interface Appearance {
  readonly presence: PresenceState;
  readonly currentlyActive: boolean;
  /** When it changes by itself, in milliseconds since the epoch; undefined when it does not. */
  readonly changesAt: number | undefined;
}

/** What is known of one user. Times are milliseconds since the epoch. */
export interface Appears {
  readonly lastActive: number;
  readonly statusMsg: string | undefined;
  /** How the user appears now. */
  look(now: number): Appearance;
}

/** A user of this server, by what their devices say. Times are handed in. */
export class UserPresence implements Appears {
  readonly #devices = new Map<string, Device>();
  /** By process. */
  readonly #elsewhere = new Map<string, Elsewhere>();
  /** Whether a device was connected here since that was asked last. */
  #wasHere = false;
  lastActive: number;
  statusMsg: string | undefined;

  constructor(lastActive: number, statusMsg: string | undefined) {
    this.lastActive = lastActive;
    this.statusMsg = statusMsg;
  }

  /** A device says how it is, by itself or with a sync. Whether that was not known here. */
  says(deviceId: string, state: PresenceState, now: number): boolean {
    const device = this.#devices.get(deviceId);
    if (state === 'offline' && device === undefined) return true;
    const isNews = device?.state !== state;
    // Coming online is something that a user does; a sync that goes on is not.
    if (state === 'online' && (device?.state !== 'online' || this.#isGone(device, now))) this.lastActive = now;
    this.#devices.set(deviceId, { state, open: device?.open ?? 0, seen: now });
    this.#wasHere = true;
    return isNews;
  }

  /** A device has said at another process how it is: what it said here before counts no more. */
  saysElsewhere(deviceId: string, state: PresenceState): void {
    const device = this.#devices.get(deviceId);
    if (device !== undefined) device.state = state;
  }

  /** How the devices are that are connected to another process. */
  isElsewhere(run: string, state: PresenceState, lastActive: number, now: number): void {
    this.lastActive = Math.max(this.lastActive, Math.min(lastActive, now));
    if (state === 'offline') this.#elsewhere.delete(run);
    else this.#elsewhere.set(run, { state, until: now + ELSEWHERE_MS });
  }

  /** The state of the devices that are connected here. */
  here(now: number): PresenceState {
    const states = [...this.#devices.values()].filter(device => !this.#isGone(device, now)).map(({ state }) => state);
    return PRESENCE_STATES.find(state => states.includes(state)) ?? 'offline';
  }

  /** Whether a device was connected here since the last call: who was not is stored by another process. */
  takeWasHere(): boolean {
    const wasHere = this.#wasHere;
    this.#wasHere = this.#devices.size > 0;
    return wasHere;
  }

  opens(deviceId: string): void {
    const device = this.#devices.get(deviceId);
    if (device !== undefined) device.open++;
  }

  closes(deviceId: string, now: number): void {
    const device = this.#devices.get(deviceId);
    if (device === undefined) return;
    device.open = Math.max(0, device.open - 1);
    device.seen = now;
  }

  /** The user did something. Devices that are connected are online then; nobody comes online by it who was not there. */
  acts(now: number): void {
    this.lastActive = now;
    for (const one of [...this.#devices.values(), ...this.#elsewhere.values()])
      if (one.state === 'unavailable') one.state = 'online';
  }

  /** Forgets devices that are gone. */
  look(now: number): Appearance {
    for (const [id, device] of this.#devices) if (this.#isGone(device, now)) this.#devices.delete(id);
    for (const [run, { until }] of this.#elsewhere) if (until <= now) this.#elsewhere.delete(run);
    const devices = [...this.#devices.values()].filter(device => device.state !== 'offline');
    const elsewhere = [...this.#elsewhere.values()];
    const since = now - this.lastActive;
    const isOnline = [...devices, ...elsewhere].some(one => one.state === 'online') && since < IDLE_MS;
    const currentlyActive = isOnline && since < ACTIVE_MS;
    const gone = [
      ...devices.filter(device => device.open === 0).map(device => device.seen + CONNECTED_MS),
      ...elsewhere.map(({ until }) => until),
    ];
    const idle = isOnline ? [this.lastActive + (currentlyActive ? ACTIVE_MS : IDLE_MS)] : [];
    const next = Math.min(...gone, ...idle);
    return {
      presence: isOnline ? 'online' : devices.length + elsewhere.length > 0 ? 'unavailable' : 'offline',
      currentlyActive,
      changesAt: Number.isFinite(next) ? next : undefined,
    };
  }

  #isGone(device: Device, now: number): boolean {
    return device.open === 0 && device.seen + CONNECTED_MS <= now;
  }
}
