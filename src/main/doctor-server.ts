import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import type { Status } from '../cli/status-text.ts';
import { type ConfigArgs, loadConfig } from '../config/load.ts';
import { fileProblem } from '../db/database-health.ts';
import { askControl, askHealth } from './control.ts';
import { openExisting } from './existing-data.ts';
import { freeSpace } from './free-space.ts';
import { SQLITE_FILE } from './open-database.ts';
import { healthText, serverHealth } from './server-health.ts';
import { VERSION } from './version.ts';

/** A larger file takes too long to be read to its end. */
const LARGEST_READ = 2 * 1024 ** 3;

/** `copse doctor`: looks at everything but other servers that could stop this one. Resolves to the exit code. */
export async function doctorServer(args: ConfigArgs, isJson: boolean): Promise<number> {
  const config = loadConfig(args);
  const { path } = openExisting(config);
  const { status, isSilent } = await statusOf(path);
  const lines = serverHealth({
    ...{ config, status, isSilent, installed: VERSION },
    disk: await freeSpace(path),
    health: status === undefined ? undefined : await askHealth(path).catch(() => undefined),
    file: config.database.url === 'sqlite' ? problemOf(join(path, SQLITE_FILE)) : null,
    now: systemClock.now(),
  });
  const { text, code } = healthText(lines);
  console.log(isJson ? JSON.stringify(lines, null, 2) : text);
  return code;
}

/** A process that is frozen takes a connection and never answers. */
async function statusOf(path: string): Promise<{ readonly status: Status | undefined; readonly isSilent: boolean }> {
  try {
    return { status: await askControl(path), isSilent: false };
  } catch {
    return { status: undefined, isSilent: true };
  }
}

function problemOf(file: string): string | null | undefined {
  return existsSync(file) && statSync(file).size <= LARGEST_READ ? fileProblem(file) : null;
}
