import { chmodSync, existsSync, mkdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../../base/write-durably.ts';
import { LabError } from './lab-error.ts';
import { type LabPlan, type Machine, machinesOf } from './lab-plan.ts';

const PLAN_FILE = 'lab.json';

/** Where a lab keeps its plan, and what its machines have on their disks. */
export class LabFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get hasLab(): boolean {
    return existsSync(join(this.path, PLAN_FILE));
  }

  /** @throws LabError where there is no lab */
  get plan(): LabPlan {
    if (!this.hasLab)
      throw new LabError(
        `There is no lab in ${this.path}. Make one with copse lab up, or name its folder with --data.`,
      );
    return JSON.parse(readFileSync(join(this.path, PLAN_FILE), 'utf8')) as LabPlan;
  }

  /** Others may go through the folder: PostgreSQL has a user of its own. */
  make(plan: LabPlan): void {
    makePassable(this.path);
    writeDurably(join(this.path, PLAN_FILE), `${JSON.stringify(plan, null, 2)}\n`);
    for (const machine of machinesOf(plan)) makePassable(this.of(machine));
  }

  /** The disk of a machine. */
  of({ name }: Pick<Machine, 'name'>): string {
    return join(this.path, name);
  }

  /** What its program says. */
  logOf(machine: Pick<Machine, 'name'>): string {
    return join(this.of(machine), 'log');
  }

  /** Takes away what `make` made and what the machines wrote; the plan last, so that it can be done again. */
  remove(): void {
    for (const machine of machinesOf(this.plan)) rmSync(this.of(machine), { recursive: true, force: true });
    rmSync(join(this.path, PLAN_FILE));
    try {
      rmdirSync(this.path);
    } catch {
      // There is something in it that is not ours.
    }
  }
}

function makePassable(folder: string): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o711);
}
