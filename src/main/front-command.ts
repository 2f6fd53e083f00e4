import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { writeDurably } from '../base/write-durably.ts';
import type { FrontArgs, ServiceChange } from '../cli/front-commands.ts';
import { tableText } from '../cli/table-text.ts';
import { FollowedConfig } from '../config/followed-config.ts';
import { type ConfigArgs, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { followFront, outcomeText } from '../front/follow.ts';
import type { Front } from '../front/front.ts';
import { FrontError } from '../front/front-error.ts';
import { HAPROXY_SOCKET, haproxyText } from '../front/haproxy.ts';
import { type CommandLine, type FrontProgram, installText } from '../front/install.ts';
import { LastingProcesses } from '../front/lasting-processes.ts';
import { nginxText, wholeNginxText } from '../front/nginx.ts';
import { parseNginxVersion } from '../front/nginx-version.ts';
import { type Service, servicesText, withoutService, withService } from '../front/services.ts';
import { askControl } from './control.ts';
import { isDataFolder } from './data-folder.ts';
import { findProcesses, frontPlan, frontRoutes, publicNames, readServices, servicesFile } from './front-plan.ts';
import { routesFromChild } from './front-routes.ts';
import { placesBeside, runFront, runnable, say } from './front-run-command.ts';
import { keepMadeFront, type MadeFront } from './made-front.ts';
import { untilSignal } from './until-signal.ts';

/** `copse front nginx|haproxy`: prints a configuration, or puts it in place, once or until a signal. @throws FrontError */
export async function writeFront(args: ConfigArgs, wanted: FrontArgs): Promise<number> {
  const settings = new FollowedConfig(args, say);
  const config = settings.current();
  const isLasting = wanted.isFollowing || wanted.isRunning;
  const text = await planned(args, settings, wanted);
  if (wanted.install === undefined) {
    if (isLasting) throw new FrontError('--follow and --run need --install FILE.');
    process.stdout.write(await text());
    return 0;
  }
  const file = resolve(wanted.install);
  // Nobody there to ask is no reason to forget who lives.
  const isKnown = async () => wanted.processes !== undefined || (await askControl(config.data_dir)) !== undefined;
  const textIfKnown = async () => ((await isKnown()) ? text() : undefined);
  if (wanted.isRunning) return runFront({ file, wanted: textIfKnown, program: runnable(wanted, file) });
  if (!wanted.isFollowing) console.log(outcomeText(await installed(config, { ...wanted, file }, text)));
  else {
    const install = (known: string) => installed(config, { ...wanted, file }, async () => known);
    using until = untilSignal();
    await followFront({ install, wanted: textIfKnown, clock: systemClock, say }, until.signal);
  }
  return 0;
}

/** Puts a configuration in place once. @throws FrontError */
export async function installFront(args: ConfigArgs, wanted: FrontArgs & { readonly install: string }) {
  const settings = new FollowedConfig(args, say);
  const text = await planned(args, settings, wanted);
  return installed(settings.current(), { ...wanted, file: resolve(wanted.install) }, text);
}

/** Gives the text as it should be, each time that it is asked. */
async function planned(args: ConfigArgs, settings: FollowedConfig, wanted: FrontArgs): Promise<() => Promise<string>> {
  const routesOf = (config: Config) => (wanted.isRunning ? routesFromChild(args) : frontRoutes(config));
  let before = settings.current();
  let routes = await routesOf(before);
  const isLasting = wanted.isFollowing || wanted.isRunning;
  const lasting = new LastingProcesses();
  return async () => {
    const config = settings.current();
    // Settings decide on some of the paths.
    if (config !== before) routes = await routesOf(config);
    before = config;
    const found = await findProcesses(config, wanted.processes);
    const processes = isLasting ? lasting.next(found, systemClock.monotonic()) : found;
    return textFor(frontPlan(config, routes, { processes, mayLackRoles: isLasting }), wanted);
  };
}

/** The doctor makes it anew where it finds that it does not work. */
async function installed(config: Config, wanted: FrontArgs & MadeFront, text: () => Promise<string>) {
  const outcome = await installText(wanted.file, await text(), programFor(wanted, wanted.file));
  keepMadeFront(config.data_dir, wanted);
  return outcome;
}

function textFor(front: Front, { program, isWhole, isRunning, install }: FrontArgs): string {
  // What is run for this server alone leaves the places of the usual one alone.
  const own = isRunning && install !== undefined ? placesBeside(resolve(install)) : undefined;
  if (program === 'haproxy') return haproxyText(front, own?.socket);
  const version = parseNginxVersion(spawnSync('nginx', ['-v'], { encoding: 'utf8' }).stderr ?? '');
  return isWhole || own !== undefined ? wholeNginxText(front, version, own) : nginxText(front, version);
}

/** How a configuration that was put in place is checked and taken up. */
export function programFor(
  { program, isWhole, reload }: Pick<FrontArgs, 'program' | 'isWhole' | 'reload'>,
  file: string,
): FrontProgram {
  const command: CommandLine | undefined = reload === undefined ? undefined : ['/bin/sh', '-c', reload];
  if (program === 'haproxy')
    return {
      check: ['haproxy', '-c', '-f', file],
      reload: command ?? ['systemctl', 'reload', 'haproxy'],
      socket: HAPROXY_SOCKET,
    };
  const whole = isWhole ? ['-c', file] : [];
  return { check: ['nginx', '-q', '-t', ...whole], reload: command ?? ['nginx', '-s', 'reload', ...whole] };
}

/** `copse service add|ls|rm`. @throws FrontError */
export function changeServices(args: ConfigArgs, change: ServiceChange): number {
  const config = loadConfig(args);
  if (!isDataFolder(config.data_dir))
    throw new FrontError(`${config.data_dir} holds no server's data. Name its folder with --data.`);
  const services = readServices(config);
  if (change.kind === 'ls') console.log(change.isJson ? JSON.stringify(services, null, 2) : listed(services));
  else {
    writeDurably(servicesFile(config), servicesText(changed(services, change, config)));
    console.log('Have the front take it up: copse front nginx --install FILE (docs/reverse-proxy.md).');
  }
  return 0;
}

function changed(
  services: readonly Service[],
  change: Exclude<ServiceChange, { kind: 'ls' }>,
  config: Config,
): Service[] {
  if (change.kind === 'rm') return withoutService(services, change.name);
  const names = publicNames(config, () => ({ certificate: '', key: '' }));
  // Under the name of the server alone there may be something else.
  const reserved = names.filter(({ serves }) => serves === 'everything').map(({ host }) => host);
  const { name, url, host } = change;
  return withService(services, { name, url, host: host.toLowerCase() }, reserved);
}

function listed(services: readonly Service[]): string {
  const rows = services.map(({ name, host, url }) => [name, host, url]);
  return tableText(['service', 'host', 'where it is'], rows, 'There are no services.');
}
