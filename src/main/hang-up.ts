import type { Log } from '../base/log.ts';

/**
 * What service managers send to have settings read anew (`systemctl reload`). They are looked at, so that their faults are
 * found before the next start, and the server goes on with those it has. On a terminal the signal means that it was
 * closed, and ends the server as ever.
 */
export function onHangUp(log: Log, isTerminal: boolean, readSettings: () => unknown): Disposable {
  const look = () => {
    try {
      readSettings();
      log.info('The settings are good. Restart the server to have them: until then it goes on with those it has.');
    } catch (error) {
      log.error('The settings have faults. The server goes on with those it has, but would not start again.', {
        err: error,
      });
    }
  };
  if (!isTerminal) process.on('SIGHUP', look);
  return { [Symbol.dispose]: () => void process.off('SIGHUP', look) };
}
