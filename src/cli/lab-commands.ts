import type { Command } from 'commander';
import { MOST_BOARDS } from '../cluster/lab/lab-plan.ts';
import { numberOf } from '../config/kinds.ts';
import { UsageError } from './admin-server.ts';

/** What is done to a lab, or to a machine in it. */
export type LabWork =
  | { readonly kind: 'up'; readonly lab: NewLab }
  | { readonly kind: 'status'; readonly isJson: boolean }
  | { readonly kind: 'kill' | 'freeze' | 'thaw'; readonly machine: string }
  | { readonly kind: 'partition'; readonly machine: string; readonly from: string | undefined }
  | { readonly kind: 'heal'; readonly machine: string | undefined }
  | { readonly kind: 'exec'; readonly machine: string; readonly command: readonly string[] }
  | { readonly kind: 'down' };

export interface NewLab {
  readonly boards: number;
  /** Bytes of each board. */
  readonly memory: number;
  readonly cpus: number | undefined;
  readonly name: string;
  readonly network: string;
  /** A configuration file with settings of all boards. */
  readonly settings: string | undefined;
}

export interface LabActions {
  /** In the folder where the lab keeps what it has. */
  lab(folder: string, work: LabWork): Promise<number>;
}

interface UpOptions {
  readonly data: string;
  readonly boards: string;
  readonly memory: string;
  readonly cpus?: string;
  readonly name: string;
  readonly network: string;
  readonly settings?: string;
}

/** `copse lab up|ls|exec|kill|freeze|thaw|partition|heal|down`. */
export function addLabCommands(actions: LabActions, lab: Command, finish: (code: number) => void): void {
  const command = (words: string, about: string) =>
    lab
      .command(words)
      .description(about)
      .option('--data <folder>', 'where the lab keeps what it has', '/var/lib/copse-lab');
  const act = async ({ data }: { data: string }, work: LabWork) => finish(await actions.lab(data, work));
  command('up', 'make boards on this machine, and one server of them')
    .option('--boards <number>', 'how many', '4')
    .option('--memory <size>', 'of each board', '512M')
    .option('--cpus <number>', 'processors of each board, such as 0.5 (default: all that there are)')
    .option('--name <name>', 'what it is called among several labs', 'lab')
    .option('--network <prefix>', 'the first three numbers of its addresses', '10.77.0')
    .option('--settings <file>', 'further settings of the server, as in copse.yaml')
    .action((options: UpOptions) => act(options, { kind: 'up', lab: newLab(options) }));
  command('ls', 'list the boards, and how they are')
    .alias('status')
    .option('--json', 'print what programs read')
    .action((options: { data: string; json?: boolean }) =>
      act(options, { kind: 'status', isJson: options.json === true }),
    );
  for (const [kind, about] of [
    ['kill', 'cut its power: everything on it ends at once'],
    ['freeze', 'let it stand still'],
    ['thaw', 'let it go on'],
  ] as const)
    command(`${kind} <board>`, about).action((machine: string, options: { data: string }) =>
      act(options, { kind, machine }),
    );
  command('partition <board> [from] [other]', 'cut it off: from another board, `database`, `bus`, or from all').action(
    (machine: string, word: string | undefined, other: string | undefined, options: { data: string }) =>
      act(options, { kind: 'partition', machine, from: otherOf(word, other) }),
  );
  command('heal [board]', 'undo what was done to it, or to all of them; whoever has no power gets it').action(
    (machine: string | undefined, options: { data: string }) => act(options, { kind: 'heal', machine }),
  );
  command('exec <board> <command...>', 'run a command on a board')
    .passThroughOptions()
    .action((machine: string, words: string[], options: { data: string }) =>
      act(options, { kind: 'exec', machine, command: words }),
    );
  command('down', 'take everything away that the lab made').action((options: { data: string }) =>
    act(options, { kind: 'down' }),
  );
}

/** `partition b1 from bus`, or without the little word. */
function otherOf(word: string | undefined, other: string | undefined): string | undefined {
  if (word === 'from' && other === undefined) throw new UsageError('From whom? A board, database or bus.');
  return word === 'from' ? other : word;
}

/** @throws UsageError */
function newLab({ boards, memory, cpus, name, network, settings }: UpOptions): NewLab {
  const count = Number(boards);
  if (!Number.isInteger(count) || count < 1 || count > MOST_BOARDS)
    throw new UsageError(`A lab has 1 to ${MOST_BOARDS} boards.`);
  if (!/^[0-9]+(\.[0-9]+)?[KMG]$/.test(memory))
    throw new UsageError(`${memory} is no size: write one such as 512M or 4G.`);
  const share = cpus === undefined ? undefined : Number(cpus);
  if (share !== undefined && !(share >= 0.05 && share <= 1000))
    throw new UsageError(`${cpus} is no number of processors such as 0.5.`);
  if (!/^[a-z][a-z0-9]{0,6}$/.test(name))
    throw new UsageError('The name of a lab has up to seven small letters and digits.');
  if (!isNetwork(network)) throw new UsageError(`${network} is no beginning of private addresses such as 10.77.0.`);
  return { boards: count, memory: numberOf(memory, 'bytes'), cpus: share, name, network, settings };
}

function isNetwork(text: string): boolean {
  const bytes = text.split('.').map(Number);
  if (bytes.length !== 3 || bytes.some(byte => !Number.isInteger(byte) || byte < 0 || byte > 255)) return false;
  const [first, second = 0] = bytes;
  return first === 10 || (first === 192 && second === 168) || (first === 172 && second >= 16 && second < 32);
}
