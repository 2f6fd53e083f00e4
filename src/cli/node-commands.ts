import type { Command } from 'commander';
import type { Assignment, Board } from '../cluster/boards/board.ts';
import type { ConfigArgs } from '../config/load.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { type AdminCommands, addAdminCommand, flagOption, makeAdminCommand } from './admin-command.ts';
import { type AdminServer, type Method, part, RefusedError, UsageError } from './admin-server.ts';
import { processText, stateOf } from './board-text.ts';
import { shownText, tableText } from './table-text.ts';

const BOARDS = 'copse/v1/cluster/boards';

/** `copse token`: one line that lets another board in. */
export function addInviteCommand(commands: AdminCommands, token: Command): void {
  const options = [
    ['--minutes <number>', 'how long it is good (default: 60)'],
    ['--address <address>', 'of this board, HOST or HOST:PORT: where others reach it, if that is not the obvious one'],
  ] as const;
  const run = async (server: AdminServer, _: readonly string[], given: Readonly<Record<string, unknown>>) => {
    const address = typeof given.address === 'string' ? { address: given.address } : {};
    const minutes = given.minutes === undefined ? {} : { minutes: minutesOf(String(given.minutes)) };
    const made = await ask(server, 'POST', 'copse/v1/cluster/invitations', { ...address, ...minutes });
    // The line alone, so that scripts can take it as it is.
    return { json: made, text: `./copse join ${String(made.address)} ${String(made.invitation)}` };
  };
  makeAdminCommand(commands, token, options, run, 'node');
}

function minutesOf(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new UsageError(`${text} is no number of minutes.`);
}

/** `copse node ls|drain|undrain|label|rm`. */
export function addNodeCommands(commands: AdminCommands, node: Command): void {
  const add = addAdminCommand.bind(undefined, commands, node);
  add({ name: 'ls', description: 'list the boards, how they are, and what runs there' }, async server => {
    const found = (await ask(server, 'GET', BOARDS)) as unknown as Listed;
    return { json: found as unknown as Json, text: listText(found) };
  });
  const cordon = async (server: AdminServer, name: string, isCordoned: boolean) =>
    ask(server, 'PUT', `${BOARDS}/${part(name)}`, { is_cordoned: isCordoned });
  add(
    { name: 'drain <board>', description: 'move what runs there elsewhere, and place nothing new' },
    async (server, [name = '']) => {
      const json = await cordon(server, name, true);
      return { json, text: `${shownText(name)} is drained. \`copse node undrain\` takes it back.` };
    },
  );
  add({ name: 'undrain <board>', description: 'let things be placed there again' }, async (server, [name = '']) => {
    const json = await cordon(server, name, false);
    return { json, text: `${shownText(name)} takes part again.` };
  });
  add(
    { name: 'label <board> [labels...]', description: 'give a board these labels and no others' },
    async (server, [name = '', ...labels]) => {
      const json = await ask(server, 'PUT', `${BOARDS}/${part(name)}`, { labels });
      return { json, text: `${shownText(name)}: ${labels.length === 0 ? 'no labels' : labels.join(', ')}.` };
    },
  );
  add(
    {
      name: 'rm <board>',
      description: 'take a board out of the cluster for good: what ran there goes elsewhere',
      options: [['--yes', 'it is meant']],
    },
    async (server, [name = ''], options) => {
      if (!flagOption(options, 'yes'))
        throw new UsageError(`${name} has to join again to come back. Say --yes if that is meant.`);
      const json = await ask(server, 'DELETE', `${BOARDS}/${part(name)}`, {} as JsonObject);
      return { json, text: `${shownText(name)} is no board of this cluster any more.` };
    },
  );
}

/** @throws RefusedError with what to do when no server runs */
async function ask(server: AdminServer, method: Method, path: string, body?: JsonObject): Promise<JsonObject> {
  if (!server.isRunning)
    throw new RefusedError(
      'M_UNRECOGNIZED',
      'The server does not run here: start it with ./copse up, or ./copse agent on a board.',
    );
  return server.call(method, path, body);
}

interface Listed {
  readonly boards: readonly Board[];
  readonly assignments: readonly Assignment[];
}

function listText({ boards, assignments }: Listed): string {
  const rows = boards.map(board => [
    board.name,
    stateOf(board),
    board.address,
    board.labels.join(', ') || '-',
    memoryOf(board),
    assignments.flatMap(each => (each.board === board.name ? [processText(board, each)] : [])).join(', ') || '-',
  ]);
  const empty = 'There are no boards. copse token invites one; see docs/cluster.md.';
  return tableText(['board', 'state', 'address', 'labels', 'memory', 'processes'], rows, empty);
}

function memoryOf({ facts }: Board): string {
  if (facts === undefined) return '-';
  const megabytes = (bytes: number) => Math.round(bytes / 1024 ** 2);
  return `${megabytes(facts.memory.used)} of ${megabytes(facts.memory.total)} MiB`;
}

export interface JoinArgs {
  /** `HOST` or `HOST:PORT` of a board of the cluster. */
  readonly address: string;
  /** What `copse token` printed. */
  readonly token: string;
  /** Of this board; its host name unless given. */
  readonly name: string | undefined;
  /** `HOST` or `HOST:PORT` of this board. */
  readonly ownAddress: string | undefined;
  readonly labels: readonly string[];
}

export interface JoinActions {
  join(config: ConfigArgs, join: JoinArgs): Promise<number>;
}

interface JoinOptions extends ConfigArgs {
  readonly name?: string;
  readonly address?: string;
  readonly label?: readonly string[];
}

/** `copse join ADDRESS TOKEN`. */
export function addJoinCommand(
  actions: JoinActions,
  withConfig: (command: Command) => Command,
  program: Command,
  finish: (code: number) => void,
): void {
  withConfig(program.command('join'))
    .description('make this machine a board of a cluster')
    .argument('<address>', 'of a board that is there, as copse token printed it')
    .argument('<token>', 'what copse token printed')
    .option('--name <name>', 'the name of this board (default: its host name)')
    .option('--address <address>', 'of this board: where the others reach it, if that is not the obvious one')
    .option('--label <label...>', 'for placement: what this board is for')
    .action(
      async (address: string, token: string, { name, address: ownAddress, label = [], ...config }: JoinOptions) => {
        finish(await actions.join(config, { address, token, name, ownAddress, labels: label }));
      },
    );
}
