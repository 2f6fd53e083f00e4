import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { ROLES } from '../cluster/roles.ts';
import type { ConfigArgs } from '../config/load.ts';
import type { AdminSurroundings } from './admin-server.ts';
import { type AgentActions, addAgentCommands } from './agent-commands.ts';
import { addAuditCommands } from './audit-commands.ts';
import { addDoctorCommands } from './doctor-commands.ts';
import { addFrontCommands, type FrontActions } from './front-commands.ts';
import { addLabCommands, type LabActions } from './lab-commands.ts';
import { addMediaCommands } from './media-commands.ts';
import { addMigrateCommands } from './migrate-commands.ts';
import { addModerationCommands } from './moderation-commands.ts';
import { addInviteCommand, addJoinCommand, addNodeCommands, type JoinActions } from './node-commands.ts';
import { addPlacementCommands } from './placement-commands.ts';
import { addReportCommands } from './report-commands.ts';
import { addRoomCommands } from './room-commands.ts';
import { addTaskCommands } from './task-commands.ts';
import { addTokenCommands } from './token-commands.ts';
import { addTraceCommand } from './trace-command.ts';
import { addUserCommands } from './user-commands.ts';

export interface AddUserArgs {
  readonly localpart: string;
  readonly admin: boolean;
  /** Where the password comes from: asked for on the terminal, the first line of standard input, or chosen by the user with a link. */
  readonly password: 'ask' | 'stdin' | 'link';
  /** Whether programs read what is printed. */
  readonly json: boolean;
}

/** What the commands do; `main/` hands it over. Each resolves to the exit code of the process. */
export interface Actions extends AgentActions, FrontActions, JoinActions, LabActions {
  up(config: ConfigArgs): Promise<number>;
  check(config: ConfigArgs): Promise<number>;
  status(config: ConfigArgs): Promise<number>;
  /** Looks at what could stop this server, apart from other servers. */
  doctor(config: ConfigArgs, isJson: boolean): Promise<number>;
  addUser(config: ConfigArgs, user: AddUserArgs): Promise<number>;
  /** For all commands of administrators. */
  readonly admin: AdminSurroundings;
  version(): Promise<number>;
  /** Writes the generated documents; with a version, the changelog of its release too. */
  docs(release: string | undefined): Promise<number>;
}

/** Exit code for a command line that cannot be understood. */
const BAD_USAGE = 2;

/** Reads the command line and does what it says. Resolves to the exit code. */
export async function runCommandLine(words: readonly string[], actions: Actions): Promise<number> {
  let code = 0;
  const program = commandsOf(actions, result => {
    code = result;
  });
  try {
    await program.parseAsync(words[0] === '--version' ? ['version'] : words, { from: 'user' });
  } catch (error) {
    // Commander has written its message (help counts as an error with exit code 0).
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : BAD_USAGE;
    throw error;
  }
  return code;
}

function commandsOf(actions: Actions, finish: (code: number) => void): Command {
  const program = new Command('copse');
  // What stands behind a command of a group is that command's.
  program
    .description('A Matrix homeserver.')
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError()
    .helpCommand(false);
  const withConfig = (command: Command) =>
    command
      .option('--config <file>', 'a configuration file (none is needed)')
      .option('--data <folder>', 'the data folder (default: ./copse-data)');

  withConfig(program.command('up'))
    .description('start the server')
    .option('--name <name>', 'the server name, such as example.org: only needed at the first start')
    .option('--port <number>', 'the port for clients (default: 8008)')
    .option('--registration <mode>', 'who can make an account: closed, token, approval or open')
    .option('--open-to-everybody', 'confirms that --registration open is meant')
    .option('--process <name>', 'its name among several processes (default: host and port)')
    .option('--address <host>', 'where others reach it (default: the address towards the database)')
    .option('--host <address>', 'the address for clients (default: 127.0.0.1)')
    .option('--memory <size>', 'what it may use, such as 512M (default: 256M)')
    .option('--settings <number>', 'given by an agent: with other settings the process begins anew')
    .action(async (options: ConfigArgs) => finish(await actions.up(options)));

  const role = withConfig(program.command('role'))
    .description('start one of several processes that are one server, for some of the work')
    .argument('<roles>', `what it does, with commas between them: ${ROLES.join(', ')}`)
    .option('--port <number>', 'the port for clients (default: 8008)')
    .option('--process <name>', 'its name among the processes (default: host and port)')
    .option('--address <host>', 'where others reach it (default: the address towards the database)')
    .option('--host <address>', 'the address for clients (default: 127.0.0.1)')
    .option('--memory <size>', 'what it may use, such as 512M (default: 256M)')
    .option('--settings <number>', 'given by an agent: with other settings the process begins anew')
    .action(async (roles: string, options: ConfigArgs) => finish(await actions.up({ ...options, roles })));

  addAgentCommands(actions, { program, withConfig, finish });

  withConfig(program.command('check'))
    .description('check the settings, the data folder and the database')
    .action(async (options: ConfigArgs) => finish(await actions.check(options)));

  withConfig(program.command('status'))
    .description('tell how the running server is')
    .action(async (options: ConfigArgs) => finish(await actions.status(options)));

  const group = (name: string, description: string) =>
    program.command(name).description(description).helpCommand(false);
  const user = group('user', 'accounts of this server');
  withConfig(user.command('add <name>'))
    .description('make an account, whether the server runs or not')
    .option('--admin', 'make it a server administrator')
    .option('--password-stdin', 'take the password from standard input')
    .option('--link', 'print a link with which the user chooses the password')
    .option('--json', 'print what programs read')
    .action(async (name: string, options: ConfigArgs & UserOptions) => {
      finish(await actions.addUser(options, { localpart: localpartOf(name), ...userArgs(options) }));
    });

  const commands = { surroundings: actions.admin, finish };
  addUserCommands(commands, user);
  addModerationCommands(commands, user);
  addRoomCommands(commands, group('room', 'rooms that this server knows'));
  addMediaCommands(commands, group('media', 'files that users uploaded or looked at'));
  const token = group('token', 'invite another board to the cluster; registration tokens (ls, show, add, rm)');
  addInviteCommand(commands, token);
  addTokenCommands(commands, token);
  addNodeCommands(commands, group('node', 'the boards of the cluster'));
  addJoinCommand(actions, withConfig, program, finish);
  addReportCommands(commands, group('report', 'what users have reported'));
  addAuditCommands(commands, group('audit', 'what administrators have changed'));
  addDoctorCommands(
    commands,
    withConfig(group('doctor', 'find out what is wrong, and mend what can be mended'))
      .option('--json', 'print what programs read')
      .action(async (options: ConfigArgs & { json?: boolean }) => {
        finish(await actions.doctor(options, options.json === true));
      }),
  );
  addMigrateCommands(commands, group('migrate', 'move the database of a running server'));
  addPlacementCommands(commands, program, role);
  addTraceCommand(commands, program);
  addTaskCommands(commands, group('task', 'work that the server does for administrators'));

  addFrontCommands(actions, {
    front: group('front', 'what stands in front of the server: nginx or HAProxy'),
    service: group('service', 'other services of yours behind the same front'),
    withConfig,
    finish,
  });
  addLabCommands(actions, group('lab', 'several boards on this machine, to try things out'), finish);

  program
    .command('version')
    .description('print the version')
    .action(async () => finish(await actions.version()));
  program
    .command('test [suite] [args...]')
    .description('run the tests, or one suite of them')
    .action(() => finish(BAD_USAGE));
  program
    .command('docs', { hidden: true })
    .option('--release <version>', 'put the fragments of changelog/ into CHANGELOG.md')
    .action(async (options: { release?: string }) => finish(await actions.docs(options.release)));
  return program;
}

interface UserOptions {
  readonly admin?: boolean;
  readonly passwordStdin?: boolean;
  readonly link?: boolean;
  readonly json?: boolean;
}

function userArgs(options: UserOptions): Omit<AddUserArgs, 'localpart'> {
  const password = options.passwordStdin ? 'stdin' : options.link ? 'link' : 'ask';
  return { admin: options.admin === true, password, json: options.json === true };
}

/** `alice` or `@alice:example.org`; whether the domain is ours is checked by whoever knows it. */
function localpartOf(name: string): string {
  if (name === '') throw new InvalidArgumentError('The name is empty.');
  return name;
}
