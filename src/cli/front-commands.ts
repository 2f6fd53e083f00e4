import { type Command, Option } from 'commander';
import type { ConfigArgs } from '../config/load.ts';

export interface FrontArgs {
  readonly program: 'nginx' | 'haproxy';
  /** A file with the processes; undefined for this server alone. */
  readonly processes: string | undefined;
  /** All that nginx needs, and not a part of its configuration. */
  readonly isWhole: boolean;
  /** The file to put it into; undefined: it is printed. */
  readonly install: string | undefined;
  /** Whether to stay, and to do it again whenever something changes. */
  readonly isFollowing: boolean;
  /** Whether it is to follow, and to run the program itself. */
  readonly isRunning: boolean;
  /** Instead of the usual command. */
  readonly reload: string | undefined;
}

/** What is done to the list of other services. */
export type ServiceChange =
  | { readonly kind: 'ls'; readonly isJson: boolean }
  | { readonly kind: 'add'; readonly name: string; readonly url: string; readonly host: string }
  | { readonly kind: 'rm'; readonly name: string };

export interface FrontActions {
  front(config: ConfigArgs, front: FrontArgs): Promise<number>;
  service(config: ConfigArgs, change: ServiceChange): Promise<number>;
}

interface FrontOptions extends ConfigArgs {
  readonly processes?: string;
  readonly whole?: boolean;
  readonly install?: string;
  readonly follow?: boolean;
  readonly run?: boolean;
  readonly reload?: string;
}

interface Groups {
  readonly front: Command;
  readonly service: Command;
  readonly withConfig: (command: Command) => Command;
  readonly finish: (code: number) => void;
}

/** `copse front nginx|haproxy`, `copse service add|ls|rm`. */
export function addFrontCommands(actions: FrontActions, { front, service, withConfig, finish }: Groups): void {
  for (const program of ['nginx', 'haproxy'] as const) {
    withConfig(front.command(program))
      .description(`write the configuration of ${program === 'nginx' ? 'nginx' : 'HAProxy'}`)
      .option('--processes <file>', 'the processes behind it, in YAML (default: those that live)')
      .addOption(
        new Option('--whole', 'all that nginx needs, and not a file for conf.d').hideHelp(program === 'haproxy'),
      )
      .option('--install <file>', 'put it there, check it, and reload if it is another; undo what is refused')
      .option('--follow', 'with --install: stay, and do it again whenever processes come or go')
      .option('--run', 'with --install: as --follow, and run the program in the foreground')
      .option('--reload <command>', 'how it is reloaded')
      .action(async ({ processes, whole, install, follow, run, reload, ...config }: FrontOptions) => {
        finish(
          await actions.front(config, {
            program,
            processes,
            isWhole: whole === true,
            install,
            isFollowing: follow === true,
            isRunning: run === true,
            reload,
          }),
        );
      });
  }
  const change = async (config: ConfigArgs, what: ServiceChange) => finish(await actions.service(config, what));
  withConfig(service.command('add <name>'))
    .description('put another service of yours behind the same front')
    .requiredOption('--url <url>', 'where it is, such as http://10.77.0.9:8080')
    .requiredOption('--host <name>', 'under which name people come, such as wiki.example.org')
    .action((name: string, { url, host, ...config }: ConfigArgs & { url: string; host: string }) =>
      change(config, { kind: 'add', name, url, host }),
    );
  withConfig(service.command('ls'))
    .description('list those services')
    .option('--json', 'print what programs read')
    .action(({ json, ...config }: ConfigArgs & { json?: boolean }) =>
      change(config, { kind: 'ls', isJson: json === true }),
    );
  withConfig(service.command('rm <name>'))
    .description('take a service away')
    .action((name: string, config: ConfigArgs) => change(config, { kind: 'rm', name }));
}
