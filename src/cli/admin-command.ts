import type { Command } from 'commander';
import type { ConfigArgs } from '../config/load.ts';
import { type AdminServer, type AdminSurroundings, RefusedError, type Shown } from './admin-server.ts';

/** Where the commands of administrators are added. */
export interface AdminCommands {
  readonly surroundings: AdminSurroundings;
  /** Told the exit code. */
  readonly finish: (code: number) => void;
}

export type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

interface Words {
  readonly name: string;
  readonly description: string;
  /** Each as commander takes them: flags and what they mean. */
  readonly options?: readonly (readonly [flags: string, meaning: string])[];
}

/** Adds a command that talks to a server, with the options that all of them have. */
export function addAdminCommand(commands: AdminCommands, parent: Command, words: Words, run: Run): void {
  const { name, description, options = [] } = words;
  makeAdminCommand(commands, parent.command(name).description(description), options, run, parent.name());
}

type Run = (server: AdminServer, words: readonly string[], options: Options) => Promise<Shown>;

/** Makes a command that is there one that talks to a server. `group`: where `ls` lists what there is. */
export function makeAdminCommand(
  { surroundings, finish }: AdminCommands,
  command: Command,
  options: NonNullable<Words['options']>,
  run: Run,
  group: string,
): void {
  for (const [flags, meaning] of options) command.option(flags, meaning);
  command
    .option('--json', 'print what programs read')
    .option('--config <file>', 'a configuration file (none is needed)')
    .option('--data <folder>', 'the data folder (default: ./copse-data)')
    .action(async () => {
      const given = command.opts<Options & ConfigArgs>();
      const words = command.args;
      const { config, data } = given;
      const from: ConfigArgs = { ...(config !== undefined && { config }), ...(data !== undefined && { data }) };
      const shown = await surroundings.administer(from, server =>
        run(server, words, given).catch(error => withHint(error, group)),
      );
      surroundings.print(given.json === true ? JSON.stringify(shown.json, null, 2) : shown.text);
      finish(shown.exitCode ?? 0);
    });
}

/** Whoever names what is not there gets told where the names are. @throws unknown */
function withHint(error: unknown, group: string): never {
  if (!(error instanceof RefusedError) || error.errcode !== 'M_NOT_FOUND') throw error;
  throw new RefusedError(error.errcode, `${error.message} \`copse ${group} ls\` lists what there is.`);
}

export function textOption(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

export function flagOption(options: Options, name: string): boolean {
  return options[name] === true;
}
