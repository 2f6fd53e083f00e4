import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The files of the two versions of control groups (cgroups(7)). */
const LAYOUTS = [
  {
    root: '/sys/fs/cgroup/memory',
    limits: { 'memory.limit_in_bytes': 1, 'memory.memsw.limit_in_bytes': 1 },
    kills: 'memory.oom_control',
  },
  { root: '/sys/fs/cgroup', limits: { 'memory.max': 1, 'memory.swap.max': 0 }, kills: 'memory.events' },
] as const;

/** A control group beyond whose memory the kernel ends processes. */
export class MemoryLimit implements Disposable {
  readonly #folder: string;
  readonly #kills: string;

  private constructor(folder: string, kills: string) {
    this.#folder = folder;
    this.#kills = join(folder, kills);
  }

  /** Without swap. Undefined where no group can be made: only root may, and not in every container. */
  static open(bytes: number): MemoryLimit | undefined {
    for (const { root, limits, kills } of LAYOUTS) {
      const folder = join(root, `copse-test-${process.pid}`);
      try {
        mkdirSync(folder);
      } catch {
        continue;
      }
      const group = new MemoryLimit(folder, kills);
      const files = Object.entries(limits).filter(([file]) => existsSync(join(folder, file)));
      for (const [file, factor] of files) writeFileSync(join(folder, file), String(bytes * factor));
      if (files.length > 0) return group;
      group[Symbol.dispose]();
    }
    return undefined;
  }

  /** A command that goes into the group and becomes the one that follows. */
  get command(): readonly string[] {
    return ['sh', '-c', 'echo $$ > "$0" && exec "$@"', join(this.#folder, 'cgroup.procs')];
  }

  /** How many processes the kernel has ended. */
  get killed(): number {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(this.#kills, 'utf8'))?.[1] ?? 0);
  }

  [Symbol.dispose](): void {
    rmdirSync(this.#folder);
  }
}
