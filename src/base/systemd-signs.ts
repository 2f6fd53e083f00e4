import type { Clock, Timer } from './clock.ts';

/** What a service manager is told (sd_notify(3)). */
export interface ServiceManager extends Disposable {
  /** The service does its work; from now on it also says that it lives, where that is wanted. */
  ready(): void;
  stopping(): void;
}

/** What systemd wants to hear: a variable names its socket, another how long it waits for a sign of life. */
export interface Notified {
  readonly watchdogMs: number | undefined;
}

export interface SystemdParts {
  readonly clock: Clock;
  /** `systemd-notify` with these words. Never rejects. */
  readonly notify: (words: readonly string[]) => Promise<void>;
}

export const noServiceManager: ServiceManager = {
  ready() {},
  stopping() {},
  [Symbol.dispose]() {},
};

/** Three signs of life for each that is waited for: two may be late. */
const SIGNS = 3;

/** A loop that hangs gives no sign any more, and systemd starts the service anew. */
export function systemdManager({ watchdogMs }: Notified, { clock, notify }: SystemdParts): ServiceManager {
  let timer: Timer | undefined;
  const live = () => {
    if (watchdogMs === undefined) return;
    timer = clock.after(watchdogMs / SIGNS, () => void notify(['WATCHDOG=1']).then(live));
  };
  return {
    ready: () => void notify(['READY=1']).then(live),
    // While it ends it is watched by TimeoutStopSec.
    stopping: () => void notify(['STOPPING=1']),
    [Symbol.dispose]: () => timer?.cancel(),
  };
}
