import type { Command } from 'commander';
import type { ConfigArgs } from '../config/load.ts';

export interface SystemdArgs {
  /** Undefined: what the settings are for. */
  readonly kind: 'agent' | 'single' | undefined;
  /** Under whom the units run. */
  readonly user: string;
  /** The folder that they are written to; undefined: they are printed. */
  readonly install: string | undefined;
}

export interface AgentActions {
  /** Runs until a signal. */
  agent(options: Pick<ConfigArgs, 'data'>): Promise<number>;
  systemd(config: ConfigArgs, wanted: SystemdArgs): Promise<number>;
  /** On a terminal until a signal, else once. */
  top(config: ConfigArgs): Promise<number>;
}

interface AgentCommands {
  readonly program: Command;
  readonly withConfig: (command: Command) => Command;
  readonly finish: (code: number) => void;
}

interface SystemdOptions extends ConfigArgs {
  readonly agent?: boolean;
  readonly single?: boolean;
  readonly user: string;
  readonly install?: string;
}

/** `copse agent`, `copse systemd`, `copse top`. */
export function addAgentCommands(actions: AgentActions, { program, withConfig, finish }: AgentCommands): void {
  program
    .command('agent')
    .description('start and watch what the cluster wants to run on this board')
    .option('--data <folder>', 'the data folder (default: ./copse-data)')
    .action(async (options: Pick<ConfigArgs, 'data'>) => finish(await actions.agent(options)));

  withConfig(program.command('top'))
    .description('watch the boards and what runs on them')
    .action(async (options: ConfigArgs) => finish(await actions.top(options)));

  withConfig(program.command('systemd'))
    .description('write units for systemd')
    .option('--agent', 'for a board of a cluster (default where cluster.bus is set)')
    .option('--single', 'for a server that is one process')
    .option('--user <name>', 'under whom they run', 'copse')
    .option('--install <folder>', 'write them there, such as /etc/systemd/system')
    .action(async ({ agent, single, user, install, ...config }: SystemdOptions) => {
      const kind = agent === true ? 'agent' : single === true ? 'single' : undefined;
      finish(await actions.systemd(config, { kind, user, install }));
    });
}
