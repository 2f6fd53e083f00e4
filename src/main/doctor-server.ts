import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import type { Status } from '../cli/status-text.ts';
import { type ConfigArgs, loadConfig } from '../config/load.ts';
import { fileProblem } from '../db/database-health.ts';
import type { Diagnosis } from '../federation/doctor/diagnose.ts';
import { askControl, askHealth, askServer } from './control.ts';
import { openExisting } from './existing-data.ts';
import { freeSpace } from './free-space.ts';
import { SQLITE_FILE } from './open-database.ts';
import { OPERATOR_TOKEN } from './operator-listener.ts';
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
    ourselves: status === undefined || config.public_base_url === undefined ? undefined : await ourselves(path),
  });
  const { text, code } = healthText(lines);
  console.log(isJson ? JSON.stringify(lines, null, 2) : text);
  return code;
}

const EXAMINE = '/_synapse/admin/copse/v1/doctor/federation';
const EXAMINE_MS = 60_000;

/** Undefined where the server keeps to itself. */
async function ourselves(path: string): Promise<Diagnosis['us'] | undefined> {
  const headers = { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': 'application/json' };
  const asked = { method: 'POST', path: EXAMINE, headers, body: '{"alone":true}', timeoutMs: EXAMINE_MS };
  const answer = await askServer(path, asked).catch(() => undefined);
  return answer?.status === 200 ? (JSON.parse(answer.text) as { diagnosis: Diagnosis }).diagnosis.us : undefined;
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
