import { appendFileSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from './lab-error.ts';
import type { LabFolder } from './lab-folder.ts';
import { BUS_PORT, connectionsOf, DATABASE_PORT, type LabPlan, type Machine } from './lab-plan.ts';
import { type CommandLine, run, succeeds } from './run.ts';

const USER = 'postgres';

/**
 * PostgreSQL on its machine. It does not wait for its disk: all machines of a lab share one, and what a lab holds is gone
 * with it.
 */
export function databaseCommand(machine: Machine, folder: LabFolder, bin: string, plan: LabPlan): CommandLine {
  const data = join(folder.of(machine), 'data');
  // PostgreSQL refuses to run as root.
  const as = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'] as const;
  if (!succeeds(...as, 'test', '-x', folder.of(machine)))
    throw new LabError(
      `PostgreSQL, which runs as the user ${USER}, cannot reach ${folder.path}. Name a folder that others may go through, with --data.`,
    );
  if (!existsSync(data)) {
    mkdirSync(data, { mode: 0o700 });
    const [uid, gid] = ['-u', '-g'].map(flag => Number(run('id', flag, USER)));
    chownSync(data, uid ?? 0, gid ?? 0);
    run(...as, join(bin, 'initdb'), '-D', data, '-A', 'trust', '-U', USER, '-E', 'UTF8', '--locale=C', '--no-sync');
    appendFileSync(join(data, 'pg_hba.conf'), `host all all ${plan.network}.0/24 trust\n`);
  }
  const settings = ['listen_addresses=*', `port=${DATABASE_PORT}`, 'unix_socket_directories=', 'fsync=off'];
  const more = [
    `max_connections=${connectionsOf(plan) + 20}`,
    'full_page_writes=off',
    'logging_collector=off',
    'dynamic_shared_memory_type=mmap',
  ];
  return [...as, join(bin, 'postgres'), '-D', data, ...[...settings, ...more].flatMap(each => ['-c', each])];
}

export function isDatabaseReady(machine: Machine, bin: string): boolean {
  return succeeds(
    join(bin, 'pg_isready'),
    '-q',
    '-h',
    machine.address,
    '-p',
    String(DATABASE_PORT),
    '-U',
    USER,
    '-d',
    USER,
    '-t',
    '1',
  );
}

export function busCommand({ address }: Machine): CommandLine {
  return ['nats-server', '-a', address, '-p', String(BUS_PORT)];
}

/** For the settings of Copse. */
export function engineUrls(database: Machine, bus: Machine): { readonly database: string; readonly bus: string } {
  return {
    database: `postgres://${USER}@${database.address}:${DATABASE_PORT}/postgres`,
    bus: `nats://${bus.address}:${BUS_PORT}`,
  };
}
