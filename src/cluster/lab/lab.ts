import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { type Clock, sleep } from '../../base/clock.ts';
import type { Assignment, Board } from '../boards/board.ts';
import { BoardProgram } from './board-program.ts';
import { ControlGroup, type GroupUse } from './control-groups.ts';
import { busCommand, databaseCommand, isDatabaseReady } from './engines.ts';
import { makeFrontCertificate } from './front-certificate.ts';
import { LabError } from './lab-error.ts';
import type { LabFolder } from './lab-folder.ts';
import { LabNetwork } from './lab-network.ts';
import { BUS_PORT, FRONT_PORT, groupOf, type LabPlan, type Machine, machinesOf } from './lab-plan.ts';
import { commandOn, forgetRun, startOn } from './machine-program.ts';
import type { LabMeans } from './requirements.ts';
import { type CommandLine, run } from './run.ts';

export interface LabParts {
  readonly folder: LabFolder;
  readonly means: LabMeans;
  /** The launcher, as an operator calls it. */
  readonly copse: string;
  readonly clock: Clock;
  /** Tells what is being done. */
  readonly say: (line: string) => void;
}

/** How a machine of the lab is. */
export interface MachineStatus extends GroupUse {
  readonly machine: Machine;
  readonly state: 'off' | 'starting' | 'ready' | 'frozen' | 'unplugged';
  /** Names of machines that it does not reach. */
  readonly partedFrom: readonly string[];
  readonly processes: number;
}

/** What `copse node ls --json` prints. */
interface Listed {
  readonly boards: readonly Board[];
  readonly assignments: readonly Assignment[];
}

const READY_WITHIN_MS = 120_000;
const LOOK_MS = 200;

/** Boards on one machine: a network and a control group each, and PostgreSQL and NATS beside them. */
export class Lab {
  readonly plan: LabPlan;
  readonly machines: readonly Machine[];
  readonly #parts: LabParts;
  readonly #network: LabNetwork;
  readonly #program: BoardProgram;

  constructor(plan: LabPlan, parts: LabParts) {
    this.plan = plan;
    this.machines = machinesOf(plan);
    this.#parts = parts;
    this.#network = new LabNetwork(plan);
    this.#program = new BoardProgram(plan, parts.folder, parts.copse);
  }

  /** Where clients reach the server: the fronts. */
  get urls(): readonly string[] {
    return this.#program.fronts.map(frontUrl);
  }

  /** Makes the lab and waits until everything is ready. @throws LabError */
  async up(): Promise<void> {
    const { folder, say } = this.#parts;
    const taken = this.#network.taken(this.machines);
    if (taken.length > 0)
      throw new LabError(
        `There is something of the name ${taken[0]} on this machine already. Give the lab another --name.`,
      );
    folder.make(this.plan);
    this.#network.makeBridge();
    for (const machine of this.machines) {
      this.#network.connect(machine);
      this.#group(machine).make(machine);
    }
    makeFrontCertificate(folder);
    for (const machine of this.machines.filter(({ kind }) => kind !== 'board')) this.#boot(machine);
    await this.#ready(this.machines.filter(({ kind }) => kind !== 'board'));
    say('The database and the bus are ready.');
    await this.#startBoards();
  }

  /** The server begins on the first board, the others join it, and then the agents have it. */
  async #startBoards(): Promise<void> {
    const { folder, say } = this.#parts;
    const [first, ...others] = this.boards;
    if (first === undefined) throw new Error('a lab has a board');
    const group = this.#group(first);
    const wanted = this.#program.prepare(first);
    startOn(first, group, folder, this.#program.firstStart(first));
    await this.#ready([first]);
    say(`${first.name} has the server.`);
    // The first word about a cluster makes one.
    const invite = () => this.say(first, ...this.#program.copse(first, 'token'));
    if (others.length === 0) invite();
    for (const board of others) this.say(board, ...this.#program.join(board, invite()));
    this.say(first, ...this.#program.copse(first, 'apply', wanted));
    say(`${others.length} joined it.`);
    group.end();
    await this.#until('the end of the first start', async () => group.processes.length === 0);
    for (const board of this.boards) this.#boot(board);
    await this.settled();
    // What a board can run is known once its agent has said so: until then no front is wanted there.
    await this.#until('the fronts', () => this.#program.frontsAnswer());
  }

  /** Resolves when everything runs that shall. @throws LabError when it does not within two minutes */
  async settled(): Promise<void> {
    const [first] = this.boards;
    // A board that has just come back counts as dead until it speaks: without it everything may be as planned.
    await this.#ready(this.boards);
    if (first !== undefined) await this.#until('what shall run', () => this.#runsAsPlanned(first));
    await this.#ready(this.boards);
  }

  /** Whether everything that shall run does, by what the boards tell. */
  async #runsAsPlanned(first: Machine): Promise<boolean> {
    try {
      this.say(first, ...this.#program.copse(first, 'plan'));
      const listed = JSON.parse(this.say(first, ...this.#program.copse(first, 'node', 'ls', '--json'))) as Listed;
      const running = listed.boards.flatMap(({ processes }) => processes);
      const isReady = (name: string) => running.some(each => each.name === name && each.state === 'ready');
      return listed.assignments.length > 0 && listed.assignments.every(({ process }) => isReady(process));
    } catch (error) {
      // While the process is exchanged that would say.
      if (error instanceof LabError) return false;
      throw error;
    }
  }

  /** Takes everything away that was made, whatever is left of it. */
  async down(): Promise<void> {
    for (const machine of this.machines) this.#group(machine).kill();
    const groups = this.machines.map(machine => this.#group(machine));
    await this.#until('the end of all processes', async () => {
      for (const group of groups) group.kill();
      return groups.every(group => group.remove());
    });
    for (const machine of this.machines) this.#network.disconnect(machine);
    this.#network.removeBridge();
    this.#parts.folder.remove();
  }

  get boards(): readonly Machine[] {
    return this.machines.filter(({ kind }) => kind === 'board');
  }

  /** @throws LabError where there is no such machine */
  machine(name: string): Machine {
    const found = this.machines.find(each => each.name === name);
    if (found !== undefined) return found;
    const names = this.machines.map(each => each.name).join(', ');
    throw new LabError(`There is no ${name} in this lab. There are: ${names}.`);
  }

  /** A power cut: everything on it ends at once, and it is gone from the network. */
  async kill(machine: Machine): Promise<void> {
    this.#network.plug(machine, false);
    const group = this.#group(machine);
    await this.#until(`the end of ${machine.name}`, async () => {
      group.kill();
      return group.processes.length === 0;
    });
  }

  /** It stands still: nothing on it runs, its addresses answer nothing, its connections stay. */
  freeze(machine: Machine, isFrozen: boolean): void {
    this.#group(machine).freeze(isFrozen);
  }

  /** Lets a machine use so much from now on. */
  limit(machine: Machine, cpus: number | undefined): void {
    this.#group(machine).make({ memory: machine.memory, cpus });
  }

  /** Cuts what is between two machines, or, without another, pulls a cable. */
  partition(machine: Machine, from?: Machine): void {
    if (from === undefined) this.#network.plug(machine, false);
    else this.#network.part(machine, from, true);
  }

  /** Undoes whatever was done to it, and gives it power when it has none. Does not wait for it to be ready. */
  heal(machine: Machine): void {
    const group = this.#group(machine);
    if (group.isFrozen) group.freeze(false);
    this.#network.plug(machine, true);
    for (const other of this.machines) if (other !== machine) this.#network.part(machine, other, false);
    if (group.processes.length === 0) this.#boot(machine);
  }

  /** Resolves when machines do what they are for. @throws LabError when they do not within two minutes */
  ready(machines: readonly Machine[] = this.machines): Promise<void> {
    return this.#ready(machines);
  }

  /** Runs a command on a machine with this terminal, and gives its exit code. */
  exec(machine: Machine, command: CommandLine): number {
    const [program, ...args] = commandOn(machine, this.#group(machine), this.#parts.folder, command);
    return spawnSync(program, args, { stdio: 'inherit' }).status ?? 1;
  }

  /** What a command on a machine prints. @throws LabError when it fails */
  say(machine: Machine, ...command: CommandLine): string {
    try {
      return run(...commandOn(machine, this.#group(machine), this.#parts.folder, command));
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      throw new LabError(`\`${command.join(' ')}\` failed on ${machine.name}: ${error.said}`, { cause: error });
    }
  }

  /** A command of Copse on a board, for its data folder. */
  copse(board: Machine, ...words: readonly string[]): CommandLine {
    return this.#program.copse(board, ...words);
  }

  /** What a board was told to run. */
  assignments(board: Machine): readonly Assignment[] {
    return this.#program.assignments(board);
  }

  pids(machine: Machine): readonly number[] {
    return this.#group(machine).processes;
  }

  async status(): Promise<readonly MachineStatus[]> {
    return Promise.all(this.machines.map(machine => this.#statusOf(machine)));
  }

  async #statusOf(machine: Machine): Promise<MachineStatus> {
    const group = this.#group(machine);
    const parted = this.#network.partedFrom(machine);
    const partedFrom = this.machines.filter(({ address }) => parted.includes(address)).map(({ name }) => name);
    return {
      machine,
      ...group.use,
      processes: group.processes.length,
      partedFrom,
      state: await this.#stateOf(machine),
    };
  }

  async #stateOf(machine: Machine): Promise<MachineStatus['state']> {
    const group = this.#group(machine);
    if (group.processes.length === 0) return 'off';
    if (group.isFrozen) return 'frozen';
    if (!this.#network.isPlugged(machine)) return 'unplugged';
    return (await this.#isReady(machine)) ? 'ready' : 'starting';
  }

  #boot(machine: Machine): void {
    forgetRun(machine, this.#parts.folder);
    for (const command of this.#commands(machine)) startOn(machine, this.#group(machine), this.#parts.folder, command);
  }

  #commands(machine: Machine): readonly CommandLine[] {
    const { folder, means } = this.#parts;
    if (machine.kind === 'database') return [databaseCommand(machine, folder, means.postgres, this.plan)];
    if (machine.kind === 'bus') return [busCommand(machine)];
    return this.#program.commands(machine);
  }

  async #isReady(machine: Machine): Promise<boolean> {
    if (machine.kind === 'database') return isDatabaseReady(machine, this.#parts.means.postgres);
    if (machine.kind === 'bus') return isListening(machine.address, BUS_PORT);
    return this.#program.isReady(machine);
  }

  async #ready(machines: readonly Machine[]): Promise<void> {
    await Promise.all(machines.map(each => this.#until(each.name, () => this.#isReady(each))));
  }

  /** @throws LabError when it does not come to pass */
  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const { clock, folder } = this.#parts;
    const deadline = clock.monotonic() + READY_WITHIN_MS;
    while (!(await isSo())) {
      if (clock.monotonic() > deadline)
        throw new LabError(
          `It has been waited two minutes for ${what}. What the machines say is in ${folder.path}/*/log.`,
        );
      await sleep(clock, LOOK_MS);
    }
  }

  #group({ group }: Machine): ControlGroup {
    return new ControlGroup(this.#parts.means.trees, groupOf(this.plan), group);
  }
}

function frontUrl({ address }: Machine): string {
  return `http://${address}:${FRONT_PORT}`.replace(/:80$/, '');
}

function isListening(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: LOOK_MS * 5 });
    const end = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket
      .once('connect', () => end(true))
      .once('error', () => end(false))
      .once('timeout', () => end(false));
  });
}
