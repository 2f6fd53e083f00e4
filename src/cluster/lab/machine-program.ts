import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlGroup } from './control-groups.ts';
import type { LabFolder } from './lab-folder.ts';
import type { Machine } from './lab-plan.ts';
import type { CommandLine } from './run.ts';

/** Folders of a machine's own in place of those of the machine that the lab is on. */
const OWN = ['/run', '/var/log/nginx', '/var/lib/nginx'];

/**
 * Starts a program on a machine: in its network, its control group, under its name, with folders of its own. It goes on when
 * this process ends.
 */
export function startOn(machine: Machine, group: ControlGroup, folder: LabFolder, command: CommandLine): void {
  const log = openSync(folder.logOf(machine), 'a', 0o600);
  const [program, ...args] = within(group, [...surroundings(machine, folder), ...command]);
  const child = spawn(program, args, { cwd: folder.of(machine), stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  child.unref();
}

/** What a machine has in memory is gone when it has no power. */
export function forgetRun(machine: Machine, folder: LabFolder): void {
  rmSync(join(folder.of(machine), 'root', 'run'), { recursive: true, force: true });
}

/** The command line that does something on a machine: in the surroundings of what runs there, or in those that it would have. */
export function commandOn(machine: Machine, group: ControlGroup, folder: LabFolder, command: CommandLine): CommandLine {
  const [first] = group.processes;
  const enter =
    first === undefined
      ? surroundings(machine, folder)
      : ['nsenter', '--target', String(first), '--net', '--mount', '--uts'];
  const here = ['sh', '-euc', 'cd "$0"; exec "$@"', process.cwd()];
  return within(group, [...enter, ...here, ...command]);
}

function within(group: ControlGroup, command: readonly string[]): CommandLine {
  return ['sh', '-euc', `${group.entering}exec "$@"`, 'sh', ...command];
}

function surroundings(machine: Machine, folder: LabFolder): readonly string[] {
  const namespaces = ['nsenter', `--net=/run/netns/${machine.namespace}`, 'unshare', '--mount', '--uts'];
  const prepare = `${mounts(folder.of(machine))}hostname "$0"; exec "$@"`;
  return [...namespaces, 'sh', '-euc', prepare, machine.name];
}

function mounts(disk: string): string {
  return OWN.map(path => {
    const own = join(disk, 'root', path);
    mkdirSync(own, { recursive: true });
    return `if [ -d ${path} ]; then mount --bind '${own}' ${path}; fi; `;
  }).join('');
}
