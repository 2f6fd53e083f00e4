import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import type { LogOutput } from '../base/log-output.ts';
import { ChildProcesses } from '../cluster/agent/child-processes.ts';
import type { ProcessHost } from '../cluster/agent/process-host.ts';
import { SystemdProcesses } from '../cluster/systemd/systemd-processes.ts';
import { boardEnvironment } from '../config/environment.ts';

/** `./copse`, which starts processes as they are to be started; it lies two folders up from src/main and dist/main alike. */
const LAUNCHER = join(import.meta.dirname, '../../copse');
/** A machine that was started by systemd has this folder (sd_booted(3)). */
const BOOTED = '/run/systemd/system';
const PATIENCE_MS = 20_000;

/** systemd where it has the unit of processes for this data folder (`copse systemd`), else the agent itself. */
export async function chooseHost(data: string, output: LogOutput): Promise<ProcessHost> {
  const folder = join(data, 'run');
  const unit = existsSync(BOOTED) ? await systemctl(['cat', 'copse-process@.service']).catch(() => '') : '';
  if (unit.includes(`EnvironmentFile=${folder}/`))
    return new SystemdProcesses({ clock: systemClock, systemctl, folder });
  return new ChildProcesses({
    command: [LAUNCHER],
    environment: boardEnvironment(),
    folder,
    onLine: (name, line) => output.write(`${name} | ${line}\n`),
  });
}

function systemctl(words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('systemctl', words, { timeout: PATIENCE_MS }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`systemctl ${words[0]}: ${stderr.trim() || error.message}`, { cause: error }));
    });
  });
}
