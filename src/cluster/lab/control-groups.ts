import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { textIfReadable } from '../../base/if-readable.ts';

/** Where the kernel keeps control groups (cgroups(7)): version 2 in one tree, version 1 in a tree for each controller. */
export type GroupTrees =
  | { readonly version: 2; readonly root: string }
  | { readonly version: 1; readonly trees: Readonly<Record<Controller, string>> };

const CONTROLLERS = ['memory', 'cpu', 'cpuacct', 'freezer'] as const;
type Controller = (typeof CONTROLLERS)[number];

/** What the kernel counted of a group. */
export interface GroupUse {
  /** Bytes, without the page cache, which the kernel takes back when it needs to. */
  readonly memory: number;
  /** Milliseconds of processors. */
  readonly cpuMs: number;
  /** How many processes were ended because there was no memory left. */
  readonly killed: number;
}

const CPU_PERIOD_US = 100_000;

/** The trees that are mounted; undefined where memory cannot be limited with what there is. */
export function findGroupTrees(fs = '/'): GroupTrees | undefined {
  const mounts = (textIfReadable(join(fs, 'proc/self/mounts')) ?? '').split('\n').map(line => line.split(' '));
  const unified = mounts.find(([, , type]) => type === 'cgroup2')?.[1];
  if (unified !== undefined) {
    const controllers = (textIfReadable(join(fs, unified, 'cgroup.controllers')) ?? '').trim().split(' ');
    if (controllers.includes('memory') && controllers.includes('cpu')) return { version: 2, root: join(fs, unified) };
  }
  const trees = CONTROLLERS.flatMap(controller => {
    const found = mounts.find(
      ([, , type, options = '']) => type === 'cgroup' && options.split(',').includes(controller),
    );
    return found?.[1] === undefined ? [] : [[controller, join(fs, found[1])] as const];
  });
  if (trees.length < CONTROLLERS.length) return undefined;
  return { version: 1, trees: Object.fromEntries(trees) as Record<Controller, string> };
}

/** The processes of a machine, and how much they may use. */
export class ControlGroup {
  readonly #trees: GroupTrees;
  readonly #path: readonly string[];

  /** `parent` holds groups alone, `name` one of them. */
  constructor(trees: GroupTrees, parent: string, name: string) {
    this.#trees = trees;
    this.#path = [parent, name];
  }

  /** May be done again. */
  make(limits: { readonly memory: number | undefined; readonly cpus: number | undefined }): void {
    for (const folder of this.#folders) mkdirSync(folder, { recursive: true });
    if (this.#trees.version === 2) this.#makeV2(this.#trees.root, limits);
    else this.#makeV1(limits);
  }

  /** A command of `sh` goes into the group and becomes the command that follows. */
  get entering(): string {
    return this.#folders.map(folder => `echo $$ >"${join(folder, 'cgroup.procs')}" && `).join('');
  }

  get processes(): readonly number[] {
    const text = textIfReadable(join(this.#in('memory'), 'cgroup.procs')) ?? '';
    return text
      .split('\n')
      .filter(line => line !== '')
      .map(Number);
  }

  get use(): GroupUse {
    const stat = textIfReadable(join(this.#in('memory'), 'memory.stat')) ?? '';
    const isV2 = this.#trees.version === 2;
    const used = Number(
      textIfReadable(join(this.#in('memory'), isV2 ? 'memory.current' : 'memory.usage_in_bytes')) ?? 0,
    );
    const cache = ['inactive_file', 'active_file'].map(name => countOf(stat, isV2 ? name : `total_${name}`));
    const kills = textIfReadable(join(this.#in('memory'), isV2 ? 'memory.events' : 'memory.oom_control')) ?? '';
    return {
      memory: Math.max(0, used - (cache[0] ?? 0) - (cache[1] ?? 0)),
      cpuMs: this.#cpuMs,
      killed: countOf(kills, 'oom_kill'),
    };
  }

  get isFrozen(): boolean {
    if (this.#trees.version === 2) return textIfReadable(join(this.#in('memory'), 'cgroup.freeze'))?.trim() === '1';
    return /FROZEN|FREEZING/.test(textIfReadable(join(this.#in('freezer'), 'freezer.state')) ?? '');
  }

  /** Everything in it stands still. */
  freeze(isFrozen: boolean): void {
    if (this.#trees.version === 2) writeFileSync(join(this.#in('memory'), 'cgroup.freeze'), isFrozen ? '1' : '0');
    else writeFileSync(join(this.#in('freezer'), 'freezer.state'), isFrozen ? 'FROZEN' : 'THAWED');
  }

  /** Asks everything in it to end. */
  end(): void {
    for (const pid of this.processes) signal(pid, 'SIGTERM');
  }

  /** Ends everything in it as a power cut would. What is new meanwhile is seen by whoever asks again. */
  kill(): void {
    for (const pid of this.processes) signal(pid, 'SIGKILL');
    // What stands still dies when it goes on.
    if (this.isFrozen) this.freeze(false);
  }

  /** False while there is something in it. */
  remove(): boolean {
    return [...this.#folders, ...this.#folders.map(folder => join(folder, '..'))].every(folder => {
      try {
        if (existsSync(folder) && !hasGroups(folder)) rmdirSync(folder);
        return true;
      } catch {
        return false;
      }
    });
  }

  get exists(): boolean {
    return this.#folders.some(folder => existsSync(folder));
  }

  #in(controller: Controller): string {
    const trees = this.#trees;
    return join(trees.version === 2 ? trees.root : trees.trees[controller], ...this.#path);
  }

  get #folders(): readonly string[] {
    return [...new Set(CONTROLLERS.map(controller => this.#in(controller)))];
  }

  get #cpuMs(): number {
    if (this.#trees.version === 2)
      return countOf(textIfReadable(join(this.#in('cpu'), 'cpu.stat')) ?? '', 'usage_usec') / 1000;
    return Number(textIfReadable(join(this.#in('cpuacct'), 'cpuacct.usage')) ?? 0) / 1e6;
  }

  #makeV2(root: string, { memory, cpus }: Parameters<ControlGroup['make']>[0]): void {
    for (const folder of [root, join(root, this.#path[0] ?? '')])
      writeFileSync(join(folder, 'cgroup.subtree_control'), '+memory +cpu');
    writeFileSync(join(this.#in('memory'), 'memory.max'), String(memory ?? 'max'));
    const swap = join(this.#in('memory'), 'memory.swap.max');
    if (existsSync(swap)) writeFileSync(swap, memory === undefined ? 'max' : '0');
    writeFileSync(join(this.#in('cpu'), 'cpu.max'), `${quota(cpus) ?? 'max'} ${CPU_PERIOD_US}`);
  }

  #makeV1({ memory, cpus }: Parameters<ControlGroup['make']>[0]): void {
    // The limit with swap may not be below the one without: it is taken away before and set after.
    const swap = join(this.#in('memory'), 'memory.memsw.limit_in_bytes');
    if (existsSync(swap)) writeFileSync(swap, '-1');
    writeFileSync(join(this.#in('memory'), 'memory.limit_in_bytes'), String(memory ?? -1));
    if (existsSync(swap)) writeFileSync(swap, String(memory ?? -1));
    writeFileSync(join(this.#in('cpu'), 'cpu.cfs_period_us'), String(CPU_PERIOD_US));
    writeFileSync(join(this.#in('cpu'), 'cpu.cfs_quota_us'), String(quota(cpus) ?? -1));
  }
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself.
  }
}

function quota(cpus: number | undefined): number | undefined {
  return cpus === undefined ? undefined : Math.round(cpus * CPU_PERIOD_US);
}

function hasGroups(folder: string): boolean {
  return readdirSync(folder, { withFileTypes: true }).some(entry => entry.isDirectory());
}

function countOf(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}
