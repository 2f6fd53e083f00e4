import { execFile } from 'node:child_process';
import { systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { noServiceManager, type ServiceManager, systemdManager } from '../base/systemd-signs.ts';
import { readNotified } from '../config/environment.ts';

const PATIENCE_MS = 10_000;

/**
 * Who has started this process and wants to hear how it is. Node.js has no datagram sockets of Unix, on which systemd
 * listens; its own program has, and waits until it was heard.
 */
export function serviceManager(log: Log): ServiceManager {
  const notified = readNotified();
  if (notified === undefined) return noServiceManager;
  let isTold = false;
  const notify = (words: readonly string[]) =>
    new Promise<void>(resolve => {
      execFile('systemd-notify', words, { timeout: PATIENCE_MS }, error => {
        if (error !== null && !isTold) log.warn(`systemd cannot be told ${words.join(' ')}.`, { err: error });
        isTold ||= error !== null;
        resolve();
      });
    });
  return systemdManager(notified, { clock: systemClock, notify });
}
