import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { Lab, type MachineStatus } from '../../src/cluster/lab/lab.ts';
import { LabFolder } from '../../src/cluster/lab/lab-folder.ts';
import type { LabPlan, Machine } from '../../src/cluster/lab/lab-plan.ts';
import { labMeans, missingForLab } from '../../src/cluster/lab/requirements.ts';
import { testConfig } from '../support/running-server.ts';

const COPSE = fileURLToPath(new URL('../../copse', import.meta.url));
export const MIB = 1024 * 1024;
const LAST_WARNINGS = 12;

const missing = missingForLab();
/** For `test`'s options. */
export const skipWithoutLab = missing.length > 0 && `a lab cannot be made here: ${missing.join('; ')}`;

/** What tests of several labs side by side do not share. */
export function ownPlan(): Pick<LabPlan, 'name' | 'network'> {
  return {
    name: `t${process.pid.toString(36)}`.slice(0, 7),
    network: `10.${64 + ((process.pid >> 8) % 64)}.${process.pid & 255}`,
  };
}

export interface TestLabOptions extends Partial<Pick<LabPlan, 'boards' | 'memory' | 'cpus'>> {
  /** Further settings of the server. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A lab with the settings of tests, in a temporary folder. */
export class TestLab implements AsyncDisposable {
  readonly lab: Lab;
  readonly #folder: LabFolder;
  /** Timers of the lab keep no process alive. */
  readonly #alive = setInterval(() => undefined, 60_000);

  private constructor(lab: Lab, folder: LabFolder) {
    this.lab = lab;
    this.#folder = folder;
  }

  static async start({ boards = 4, memory = 512 * MIB, cpus, config }: TestLabOptions = {}) {
    const path = mkdtempSync(join(tmpdir(), 'copse-lab-'));
    chmodSync(path, 0o711);
    const folder = new LabFolder(join(path, 'lab'));
    const { memory: _, ...settings } = testConfig();
    const plan = { ...ownPlan(), boards, memory, cpus, settings: { ...settings, ...config } };
    const parts = { folder, means: labMeans(), copse: COPSE, clock: systemClock, say: () => undefined };
    const started = new TestLab(new Lab(plan, parts), folder);
    try {
      // What the launcher would do at the first command of all boards at once.
      execFileSync(COPSE, ['version'], { stdio: ['ignore', 'ignore', 'inherit'] });
      await started.lab.up();
      return started;
    } catch (error) {
      const logs = started.lab.machines.map(machine => `${machine.name}:\n${started.logOf(machine).slice(-1500)}`);
      await started[Symbol.asyncDispose]();
      throw new Error(`The lab does not come up.\n${logs.join('\n')}`, { cause: error });
    }
  }

  /** The boards that have a front. */
  get fronts(): readonly Machine[] {
    return this.lab.boards.slice(0, this.lab.urls.length);
  }

  /** The fronts, for clients. */
  get doors(): readonly { readonly url: string }[] {
    return this.lab.urls.map(url => ({ url }));
  }

  get boards(): readonly Machine[] {
    return this.lab.boards;
  }

  /** Applies what is wanted of the boards (`copse apply`), and resolves when it has come to pass. */
  async want(desired: Readonly<Record<string, unknown>>): Promise<void> {
    const [first] = this.lab.boards;
    if (first === undefined) throw new Error('a lab has boards');
    const file = join(this.#folder.path, '..', 'wanted.yaml');
    writeFileSync(file, JSON.stringify(desired));
    this.lab.say(first, ...this.lab.copse(first, 'apply', file));
    await this.lab.settled();
  }

  /** Everything that a machine has said. */
  logOf(machine: Machine): string {
    try {
      return readFileSync(this.#folder.logOf(machine), 'utf8');
    } catch {
      return '';
    }
  }

  /** What boards warned of, a line each; of each the last ones. */
  get warnings(): string {
    const lines = (machine: Machine) =>
      this.logOf(machine)
        .split('\n')
        .filter(line => /"level":"(warn|error)"/.test(line));
    return this.boards
      .flatMap(board =>
        lines(board)
          .slice(-LAST_WARNINGS)
          .map(line => `${board.name}: ${line}`),
      )
      .join('\n');
  }

  /** Resolves when a machine has said something that it had not when `from` letters of its log were there. */
  async said(machine: Machine, what: RegExp, from = 0): Promise<void> {
    while (!what.test(this.logOf(machine).slice(from))) await wait(100);
  }

  async status(name: string): Promise<MachineStatus> {
    const found = (await this.lab.status()).find(({ machine }) => machine.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder.hasLab) await this.lab.down();
    clearInterval(this.#alive);
    rmSync(join(this.#folder.path, '..'), { recursive: true, force: true });
  }
}
