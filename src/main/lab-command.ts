import { join, resolve } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { systemClock } from '../base/clock.ts';
import type { LabWork, NewLab } from '../cli/lab-commands.ts';
import { sizeText } from '../cli/size-text.ts';
import { tableText } from '../cli/table-text.ts';
import { Lab, type LabParts, type MachineStatus } from '../cluster/lab/lab.ts';
import { LabError } from '../cluster/lab/lab-error.ts';
import { LabFolder } from '../cluster/lab/lab-folder.ts';
import type { LabPlan } from '../cluster/lab/lab-plan.ts';
import { labMeans } from '../cluster/lab/requirements.ts';
import type { CommandLine } from '../cluster/lab/run.ts';
import { readSource } from '../config/source.ts';

/** `./copse`; it lies two folders up from src/main and dist/main alike. */
const LAUNCHER = join(import.meta.dirname, '../../copse');

/** `copse lab ...`. @throws LabError */
export async function labCommand(path: string, work: LabWork): Promise<number> {
  const folder = new LabFolder(resolve(path));
  const parts: LabParts = {
    folder,
    means: labMeans(),
    copse: LAUNCHER,
    clock: systemClock,
    say: line => console.log(line),
  };
  // Timers alone keep no process alive.
  const { port1: alive } = new MessageChannel();
  alive.on('message', () => undefined);
  if (work.kind === 'up') return makeLab(parts, work.lab);
  if (work.kind === 'down' && !folder.hasLab) {
    console.log(`There is no lab in ${folder.path}.`);
    return 0;
  }
  return workOn(new Lab(folder.plan, parts), work);
}

async function makeLab(parts: LabParts, wanted: NewLab): Promise<number> {
  if (parts.folder.hasLab)
    throw new LabError(
      `There is a lab in ${parts.folder.path} already. Take it away first (copse lab down), or name another folder with --data.`,
    );
  const began = parts.clock.monotonic();
  const lab = new Lab(planOf(wanted), parts);
  await lab.up();
  console.log(`${statusTable(await lab.status())}\n`);
  console.log(
    `The lab is ready after ${Math.round((parts.clock.monotonic() - began) / 1000)} s. Clients reach it at ${lab.urls.join(' and ')}.`,
  );
  return 0;
}

async function workOn(lab: Lab, work: Exclude<LabWork, { kind: 'up' }>): Promise<number> {
  if (work.kind === 'exec') return lab.exec(lab.machine(work.machine), commandOf(work.command));
  if (work.kind === 'status') {
    const status = await lab.status();
    console.log(work.isJson ? JSON.stringify(status, null, 2) : statusTable(status));
  } else if (work.kind === 'down') await lab.down();
  else if (work.kind === 'kill') await lab.kill(lab.machine(work.machine));
  else if (work.kind === 'partition')
    lab.partition(lab.machine(work.machine), work.from === undefined ? undefined : lab.machine(work.from));
  else if (work.kind === 'heal')
    for (const machine of work.machine === undefined ? lab.machines : [lab.machine(work.machine)]) lab.heal(machine);
  else lab.freeze(lab.machine(work.machine), work.kind === 'freeze');
  return 0;
}

function planOf({ settings, ...lab }: NewLab): LabPlan {
  return { ...lab, settings: settings === undefined ? {} : readSource(resolve(settings)).values };
}

function commandOf([program = 'true', ...args]: readonly string[]): CommandLine {
  return [program, ...args];
}

function statusTable(status: readonly MachineStatus[]): string {
  const rows = status.map(({ machine, state, memory, processes, killed, partedFrom }) => [
    machine.name,
    machine.address,
    state,
    `${sizeText(memory)}${machine.memory === undefined ? '' : ` of ${sizeText(machine.memory)}`}`,
    String(processes),
    String(killed),
    partedFrom.join(', '),
  ]);
  return tableText(['machine', 'address', 'state', 'memory', 'processes', 'killed', 'cut off from'], rows, '');
}
