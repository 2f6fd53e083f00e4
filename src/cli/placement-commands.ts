import type { Command } from 'commander';
import type { Desired } from '../cluster/placement/desired.ts';
import { changesText } from '../cluster/placement/plan-text.ts';
import type { PlacedProcess, Plan } from '../cluster/placement/plans.ts';
import { readDesiredFile } from '../config/desired-file.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { type AdminCommands, addAdminCommand, flagOption, makeAdminCommand } from './admin-command.ts';
import { type AdminServer, type Method, part, RefusedError, type Shown, UsageError } from './admin-server.ts';
import { shownText, tableText } from './table-text.ts';

const CLUSTER = 'copse/v1/cluster';
/** Of `copse plan` where something differs. */
const DIFFERS = 2;

/** `copse plan`, `copse apply`, `copse role ls|scale`: what runs on which board. */
export function addPlacementCommands(commands: AdminCommands, program: Command, role: Command): void {
  addPlanCommand(commands, program);
  addApplyCommand(commands, program);
  addAdminCommand(
    commands,
    role.helpCommand(false),
    { name: 'ls', description: 'list the processes that run on the boards' },
    async server => {
      const answer = await ask(server, 'GET', `${CLUSTER}/processes`);
      return { json: answer, text: processesText(answer.processes as unknown as PlacedProcess[]) };
    },
  );
  addAdminCommand(
    commands,
    role,
    { name: 'scale <part> <count>', description: 'have so many processes of a part, such as sync 4' },
    async (server, [name = '', count = '']) => {
      if (!/^[1-9]\d{0,3}$/.test(count)) throw new UsageError(`${count} is no number of processes.`);
      return shown(await ask(server, 'PUT', `${CLUSTER}/desired/counts/${part(name)}`, { count: Number(count) }));
    },
  );
}

function addPlanCommand(commands: AdminCommands, program: Command): void {
  const plan = program
    .command('plan [file]')
    .description('show what differs between what runs on the boards and what shall');
  const run = async (server: AdminServer, [file]: readonly string[]) => {
    const path = `${CLUSTER}/plan`;
    const answer = shown(
      file === undefined
        ? await ask(server, 'GET', path)
        : await ask(server, 'POST', path, bodyOf(readDesiredFile(file))),
    );
    return { ...answer, exitCode: answer.hasChanges ? DIFFERS : 0 };
  };
  makeAdminCommand(commands, plan, [], run, 'node');
}

function addApplyCommand(commands: AdminCommands, program: Command): void {
  const apply = program.command('apply [file]').description('have the boards run what a file says (docs/cluster.md)');
  const options = [['--forget', 'go back to what Copse does by itself']] as const;
  const run = async (server: AdminServer, [file]: readonly string[], given: Parameters<typeof flagOption>[0]) => {
    const isForgetting = flagOption(given, 'forget');
    if ((file !== undefined) === isForgetting) throw new UsageError('Name a file, or say --forget.');
    if (file === undefined) return shown(await ask(server, 'DELETE', `${CLUSTER}/desired`));
    return shown(await ask(server, 'PUT', `${CLUSTER}/desired`, bodyOf(readDesiredFile(file))));
  };
  makeAdminCommand(commands, apply, options, run, 'node');
}

function bodyOf(desired: Desired): JsonObject {
  return desired as unknown as JsonObject;
}

/** @throws RefusedError with what to do when no server runs */
async function ask(server: AdminServer, method: Method, path: string, body?: JsonObject): Promise<JsonObject> {
  if (!server.isRunning)
    throw new RefusedError(
      'M_UNRECOGNIZED',
      'The server does not run here: start it, or ask on a board where it runs.',
    );
  return server.call(method, path, body);
}

function shown(answer: JsonObject): Shown & { readonly hasChanges: boolean } {
  const { changes, faults, pause } = answer as unknown as Plan;
  const warnings = [...(pause === undefined ? [] : [pause]), ...faults].map(words => `! ${words}`);
  return { json: answer as Json, text: [changesText(changes), ...warnings].join('\n'), hasChanges: changes.length > 0 };
}

function processesText(processes: readonly PlacedProcess[]): string {
  const rows = processes.map(one => [
    one.process,
    one.board,
    stateText(one),
    `${Math.floor(one.memory / 1024 ** 2)} MiB`,
    one.port === 0 ? '-' : String(one.port),
    one.kind === 'front' ? `front (${one.part})` : one.roles.join(', ') || 'everything',
  ]);
  return tableText(['process', 'board', 'state', 'memory', 'port', 'roles'], rows, 'Nothing is to run.');
}

function stateText({ state, isLeaving, restarts, reason }: PlacedProcess): string {
  const words = [
    state,
    isLeaving ? 'leaving' : '',
    restarts > 0 ? `started anew ${restarts} times` : '',
    state === 'failed' ? shownText(reason, 120) : '',
  ];
  return words.filter(word => word !== '' && word !== '-').join(', ');
}
